// varint.h: varints and tags for the fuzz targets. Independent of ../wire.h, so that a bug there does not hide from the checks.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_MERGE_FUZZ_VARINT_H
#define CMEMPROF_MERGE_FUZZ_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const uint8_t *at, *end;
};

static inline size_t span_size(struct span span) {
    return (size_t)(span.end - span.at);
}

// False: the bytes end inside it, or it has more than 10 bytes.
static inline bool take_varint(struct span *span, uint64_t *value) {
    *value = 0;
    for (unsigned i = 0; i < 10 && span->at < span->end; i++) {
        uint8_t byte = *span->at++;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

static inline bool take_bytes(struct span *span, uint64_t size, struct span *bytes) {
    if (size > span_size(*span)) {
        return false;
    }
    *bytes = (struct span){span->at, span->at + size};
    span->at += size;
    return true;
}

enum field_type { FIELD_NUMBER = 0, FIELD_FIXED64 = 1, FIELD_BYTES = 2, FIELD_FIXED32 = 5 };

struct field {
    uint32_t number;
    enum field_type type;
    uint64_t value;    // FIELD_NUMBER
    struct span bytes; // all others
};

static inline bool take_field(struct span *span, struct field *field) {
    uint64_t tag = 0, size = 0;
    if (!take_varint(span, &tag) || tag >> 3 == 0 || tag > UINT32_MAX) {
        return false;
    }
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum field_type)(tag & 7);
    switch (tag & 7) {
    case FIELD_NUMBER:
        return take_varint(span, &field->value);
    case FIELD_FIXED64:
        return take_bytes(span, 8, &field->bytes);
    case FIELD_FIXED32:
        return take_bytes(span, 4, &field->bytes);
    case FIELD_BYTES:
        return take_varint(span, &size) && take_bytes(span, size, &field->bytes);
    }
    return false;
}

// Writes at most 10 bytes. Returns the end.
static inline uint8_t *put_varint(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        *at++ = (uint8_t)(value | 0x80);
    }
    *at++ = (uint8_t)value;
    return at;
}

#endif
