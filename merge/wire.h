// wire.h: the protobuf wire format: a bounds-checked reader, and a writer into one growing buffer.
//
// Threads: as its owner. Memory: the reader none, the writer memory.h.
#ifndef CMEMPROF_MERGE_WIRE_H
#define CMEMPROF_MERGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "merge.h"
#include "../base/check.h"
#include "../base/utf8.h"
#include "namespace.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

// ---- Read ----

struct wire {
    const uint8_t *at, *end;
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;    // WIRE_VARINT, WIRE_FIXED64, WIRE_FIXED32
    struct wire bytes; // WIRE_BYTES
};

enum wire_result {
    WIRE_OK,
    WIRE_SHORT, // the bytes end inside a field
    WIRE_BAD,   // a varint of more than 10 bytes, field number 0, groups (types 3 and 4), types 6 and 7
};

// Reads at most 10 bytes; bits above the 64th are dropped, as in other protobuf libraries.
static inline enum wire_result wire_varint(struct wire *wire, uint64_t *value) {
    const uint8_t *at = wire->at, *end = wire->end;
    if (at < end && *at < 0x80) { // most have one byte
        *value = *at;
        wire->at = at + 1;
        return WIRE_OK;
    }
    if (end - at >= 2 && at[1] < 0x80) { // most others have two
        *value = (uint64_t)(at[0] & 0x7f) | (uint64_t)at[1] << 7;
        wire->at = at + 2;
        return WIRE_OK;
    }
    if (end - at >= 3 && at[2] < 0x80) { // ids of large profiles
        *value = (uint64_t)(at[0] & 0x7f) | (uint64_t)(at[1] & 0x7f) << 7 | (uint64_t)at[2] << 14;
        wire->at = at + 3;
        return WIRE_OK;
    }
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (at == end) {
            return WIRE_SHORT;
        }
        uint8_t byte = *at++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            wire->at = at;
            return WIRE_OK;
        }
    }
    return WIRE_BAD;
}

static inline enum wire_result wire_skip(struct wire *wire, uint64_t size) {
    if (size > (uint64_t)(wire->end - wire->at)) {
        return WIRE_SHORT;
    }
    wire->at += size;
    return WIRE_OK;
}

// Little-endian, of 4 or 8 bytes.
static inline enum wire_result wire_fixed(struct wire *wire, unsigned size, uint64_t *value) {
    const uint8_t *at = wire->at;
    if (wire_skip(wire, size) != WIRE_OK) {
        return WIRE_SHORT;
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        *value |= (uint64_t)at[i] << 8 * i;
    }
    return WIRE_OK;
}

// Reads one whole field. Caller must check wire->at < wire->end first.
static inline enum wire_result wire_next(struct wire *wire, struct wire_field *field) {
    CHECK(wire->at < wire->end);
    uint64_t tag;
    enum wire_result result = wire_varint(wire, &tag);
    if (result != WIRE_OK) {
        return result;
    }
    if (tag >> 3 == 0 || tag > UINT32_MAX) {
        return WIRE_BAD;
    }
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum wire_type)(tag & 7);
    switch (field->type) {
    case WIRE_VARINT:
        return wire_varint(wire, &field->value);
    case WIRE_BYTES:
        if ((result = wire_varint(wire, &field->value)) != WIRE_OK) {
            return result;
        }
        field->bytes.at = wire->at;
        if ((result = wire_skip(wire, field->value)) != WIRE_OK) {
            return result;
        }
        field->bytes.end = wire->at;
        return WIRE_OK;
    case WIRE_FIXED64:
        return wire_fixed(wire, 8, &field->value);
    case WIRE_FIXED32:
        return wire_fixed(wire, 4, &field->value);
    default:
        return WIRE_BAD;
    }
}

// ---- Write ----

struct wire_writer {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed; // no memory; later writes are dropped
    // Grows the buffer, keeping the first size bytes; returns NULL if there is no memory. NULL: the buffer comes from memory.h.
    uint8_t *(*resize)(void *context, size_t capacity);
    void *context;
};

static inline bool wire_reserve(struct wire_writer *writer, size_t more) {
    if (writer->capacity - writer->size >= more) {
        return true;
    }
    if (writer->failed) {
        return false;
    }
    size_t capacity = writer->capacity * 2 + more + 256;
    uint8_t *bytes = writer->resize ? writer->resize(writer->context, capacity) : memory_resize(writer->bytes, capacity);
    if (!bytes) {
        writer->failed = true;
        return false;
    }
    writer->bytes = bytes;
    writer->capacity = capacity;
    return true;
}

// Must not be used with a resize function.
static inline void wire_free(struct wire_writer *writer) {
    CHECK(!writer->resize);
    memory_free(writer->bytes);
    *writer = (struct wire_writer){0};
}

// Copies the bytes to a malloc'ed block, which the caller frees with free(), and empties the writer. False: no memory.
static inline bool wire_hand_over(struct wire_writer *writer, uint8_t **bytes, size_t *size) {
    bool fits = merge_budget_take(writer->size + 1); // for a moment there are two
    *bytes = fits ? malloc(writer->size + 1) : NULL;
    *size = *bytes ? writer->size : 0;
    if (*bytes && writer->size > 0) {
        memcpy(*bytes, writer->bytes, writer->size);
    }
    if (fits) {
        merge_budget_give(writer->size + 1);
    }
    wire_free(writer);
    return *bytes;
}

static inline uint8_t *wire_put_varint(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        *at++ = (uint8_t)(value | 0x80);
    }
    *at++ = (uint8_t)value;
    return at;
}

static inline void wire_write_varint(struct wire_writer *writer, uint64_t value) {
    if (wire_reserve(writer, 10)) {
        writer->size = (size_t)(wire_put_varint(writer->bytes + writer->size, value) - writer->bytes);
    }
}

// A varint field; 0, the default in proto3, is omitted.
static inline void wire_write_number(struct wire_writer *writer, uint32_t number, uint64_t value) {
    if (value == 0) {
        return;
    }
    wire_write_varint(writer, (uint64_t)number << 3 | WIRE_VARINT);
    wire_write_varint(writer, value);
}

static inline void wire_write_bytes(struct wire_writer *writer, uint32_t number, const void *bytes, size_t size) {
    wire_write_varint(writer, (uint64_t)number << 3 | WIRE_BYTES);
    wire_write_varint(writer, size);
    if (size > 0 && wire_reserve(writer, size)) {
        memcpy(writer->bytes + writer->size, bytes, size);
        writer->size += size;
    }
}

// A nested message: size_t mark = wire_open(w, 2); ...its fields...; wire_close(w, mark). One byte is reserved for the length; a message of
// 128 bytes and more is moved up to fit a longer one.
static inline size_t wire_open(struct wire_writer *writer, uint32_t number) {
    wire_write_varint(writer, (uint64_t)number << 3 | WIRE_BYTES);
    if (wire_reserve(writer, 1)) {
        writer->size++;
    }
    return writer->size;
}

static inline void wire_close(struct wire_writer *writer, size_t mark) {
    if (writer->failed) {
        return;
    }
    CHECK(mark > 0 && mark <= writer->size);
    size_t size = writer->size - mark;
    uint8_t length[10];
    size_t length_bytes = (size_t)(wire_put_varint(length, size) - length);
    if (length_bytes > 1) {
        if (!wire_reserve(writer, length_bytes - 1)) {
            return;
        }
        memmove(writer->bytes + mark + length_bytes - 1, writer->bytes + mark, size);
        writer->size += length_bytes - 1;
    }
    memcpy(writer->bytes + mark - 1, length, length_bytes);
}

// A string, which readers refuse if it is not UTF-8: each wrong byte becomes U+FFFD.
static inline void wire_write_text(struct wire_writer *writer, uint32_t number, const char *bytes, size_t size) {
    size_t whole = 0, length;
    while (whole < size) {
        uint64_t eight;
        if (size - whole >= sizeof eight && (memcpy(&eight, bytes + whole, sizeof eight), !(eight & UINT64_C(0x8080808080808080)))) {
            whole += sizeof eight; // ASCII, as nearly all of it
        } else if ((length = utf8_length(bytes + whole, size - whole)) > 0) {
            whole += length;
        } else {
            break;
        }
    }
    if (whole == size) {
        wire_write_bytes(writer, number, bytes, size);
        return;
    }
    size_t mark = wire_open(writer, number);
    for (size_t at = 0; at < size && wire_reserve(writer, 4);) {
        length = utf8_length(bytes + at, size - at);
        memcpy(writer->bytes + writer->size, length > 0 ? bytes + at : "\xef\xbf\xbd", length > 0 ? length : 3);
        writer->size += length > 0 ? length : 3;
        at += length > 0 ? length : 1;
    }
    wire_close(writer, mark);
}

#endif
