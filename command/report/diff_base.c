// diff_base.c: adds a label to every sample of an encoded profile (diff_base.h).
//
// Labels are fields of a sample, in any order, so each sample gets a few more bytes and a new length. The label's two strings are appended
// to the string table, which keeps all other indexes.
#include "diff_base.h"

#include <stdlib.h>
#include <string.h>

// Numbers of profile.proto's fields, and protobuf's wire types.
enum { PROFILE_SAMPLE = 2, PROFILE_STRING_TABLE = 6, SAMPLE_LABEL = 3, LABEL_KEY = 1, LABEL_STR = 2 };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5, MAX_VARINT = 10 };

struct reader {
    const uint8_t *at, *end;
};

struct field {
    uint32_t number;
    const uint8_t *start, *body, *end; // body: after the length of a length-delimited field
    bool has_length;
};

static bool read_varint(struct reader *reader, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

// Returns false at the end, or at bytes that are not a field; the reader does not move.
static bool read_field(struct reader *reader, struct field *field) {
    struct reader from = *reader;
    uint64_t tag, skip = 0;
    if (!read_varint(&from, &tag)) {
        return false;
    }
    unsigned wire = tag & 7;
    bool ok = wire == WIRE_64 || wire == WIRE_32 || ((wire == WIRE_VARINT || wire == WIRE_LENGTH) && read_varint(&from, &skip));
    skip = wire == WIRE_LENGTH ? skip : wire == WIRE_64 ? 8 : wire == WIRE_32 ? 4 : 0;
    if (!ok || skip > (size_t)(from.end - from.at)) {
        return false;
    }
    *field = (struct field){
        .number = (uint32_t)(tag >> 3), .start = reader->at, .body = from.at, .end = from.at + skip, .has_length = wire == WIRE_LENGTH};
    reader->at = field->end;
    return true;
}

static uint8_t *put_varint(uint8_t *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        *to++ = (uint8_t)(value | 0x80);
    }
    *to++ = (uint8_t)value;
    return to;
}

static uint8_t *put_bytes(uint8_t *to, const void *bytes, size_t size) {
    memcpy(to, bytes, size);
    return to + size;
}

static uint8_t *put_field(uint8_t *to, unsigned number, const void *bytes, size_t size) {
    to = put_varint(to, number << 3 | WIRE_LENGTH);
    to = put_varint(to, size);
    return put_bytes(to, bytes, size);
}

// Encodes a label field with two string indexes.
static size_t make_label(uint8_t *label, uint64_t key, uint64_t text) {
    uint8_t body[2 * (1 + MAX_VARINT)], *end = body;
    *end++ = LABEL_KEY << 3 | WIRE_VARINT;
    end = put_varint(end, key);
    *end++ = LABEL_STR << 3 | WIRE_VARINT;
    end = put_varint(end, text);
    return (size_t)(put_field(label, SAMPLE_LABEL, body, (size_t)(end - body)) - label);
}

bool diff_base_mark(const uint8_t *raw, size_t size, uint8_t **labelled, size_t *labelled_size) {
    static const char key[] = "pprof::base", text[] = "true";
    struct reader reader = {raw, raw + size};
    struct field field;
    size_t samples = 0, texts = 0;
    while (read_field(&reader, &field)) {
        samples += field.number == PROFILE_SAMPLE && field.has_length;
        texts += field.number == PROFILE_STRING_TABLE && field.has_length;
    }
    uint8_t label[3 * (1 + MAX_VARINT) + 8];
    size_t label_size = make_label(label, texts, texts + 1);
    *labelled = malloc(size + samples * (label_size + MAX_VARINT) + sizeof key + sizeof text + 8);
    if (!*labelled) {
        return false;
    }
    uint8_t *to = *labelled;
    reader = (struct reader){raw, raw + size};
    while (read_field(&reader, &field)) {
        if (field.number == PROFILE_SAMPLE && field.has_length) {
            to = put_varint(to, PROFILE_SAMPLE << 3 | WIRE_LENGTH);
            to = put_varint(to, (size_t)(field.end - field.body) + label_size);
            to = put_bytes(to, field.body, (size_t)(field.end - field.body));
            to = put_bytes(to, label, label_size);
        } else {
            to = put_bytes(to, field.start, (size_t)(field.end - field.start));
        }
    }
    to = put_field(to, PROFILE_STRING_TABLE, key, sizeof key - 1);
    to = put_field(to, PROFILE_STRING_TABLE, text, sizeof text - 1);
    to = put_bytes(to, reader.at, (size_t)(reader.end - reader.at)); // bytes that are not a field
    *labelled_size = (size_t)(to - *labelled);
    return true;
}
