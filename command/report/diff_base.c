// diff_base.c: adds a label to every sample of an encoded profile (diff_base.h).
//
// Labels are fields of a sample, in any order, so each sample gets a few more bytes and a new length. The label's two strings are appended
// to the string table, which keeps all other indexes.
#include "diff_base.h"
#include "../../merge/wire.h"

// Numbers of profile.proto's fields.
enum { PROFILE_SAMPLE = 2, PROFILE_STRING_TABLE = 6, SAMPLE_LABEL = 3, LABEL_KEY = 1, LABEL_STR = 2 };

// Returns false at the end, or at bytes that are not a field; the reader does not move.
static bool read_field(struct wire *wire, struct wire_field *field) {
    struct wire from = *wire;
    if (from.at == from.end || wire_next(&from, field) != WIRE_OK) {
        return false;
    }
    *wire = from;
    return true;
}

static void put_bytes(struct wire_writer *out, const uint8_t *from, const uint8_t *to) {
    size_t size = (size_t)(to - from);
    if (size > 0 && wire_reserve(out, size)) {
        memcpy(out->bytes + out->size, from, size);
        out->size += size;
    }
}

// A sample with a label of two string indexes.
static void put_sample(struct wire_writer *out, struct wire sample, uint64_t key, uint64_t text) {
    size_t mark = wire_open(out, PROFILE_SAMPLE);
    put_bytes(out, sample.at, sample.end);
    size_t label = wire_open(out, SAMPLE_LABEL);
    wire_write_number(out, LABEL_KEY, key);
    wire_write_number(out, LABEL_STR, text);
    wire_close(out, label);
    wire_close(out, mark);
}

bool diff_base_mark(const uint8_t *raw, size_t size, uint8_t **labelled, size_t *labelled_size) {
    static const char key[] = "pprof::base", text[] = "true";
    struct wire wire = {raw, raw + size};
    struct wire_field field;
    struct wire_writer out = {0};
    size_t texts = 0;
    while (read_field(&wire, &field)) {
        texts += field.number == PROFILE_STRING_TABLE && field.type == WIRE_BYTES;
    }
    wire.at = raw;
    for (const uint8_t *start = raw; read_field(&wire, &field); start = wire.at) {
        if (field.number == PROFILE_SAMPLE && field.type == WIRE_BYTES) {
            put_sample(&out, field.bytes, texts, texts + 1);
        } else {
            put_bytes(&out, start, wire.at);
        }
    }
    wire_write_bytes(&out, PROFILE_STRING_TABLE, key, sizeof key - 1);
    wire_write_bytes(&out, PROFILE_STRING_TABLE, text, sizeof text - 1);
    put_bytes(&out, wire.at, wire.end); // bytes that are not a field
    bool ok = !out.failed && wire_hand_over(&out, labelled, labelled_size);
    wire_free(&out);
    return ok;
}
