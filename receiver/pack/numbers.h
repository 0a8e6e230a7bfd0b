// numbers.h: how recipes and packs store numbers (varints) and texts (their length, then their bytes).
//
// Threads: as the owner. Memory: as deflate_bits.h.
#ifndef CMEMPROF_RECEIVER_NUMBERS_H
#define CMEMPROF_RECEIVER_NUMBERS_H

#include "../../merge/wire.h"
#include "deflate_bits.h"

static inline void numbers_put(struct bit_writer *out, uint64_t value) {
    for (; value > 127; value >>= 7) {
        bits_put(out, (uint32_t)(value & 127) | 128, 8);
    }
    bits_put(out, (uint32_t)value, 8);
}

static inline void numbers_put_bytes(struct bit_writer *out, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bits_put(out, bytes[i], 8);
    }
}

static inline void numbers_put_text(struct bit_writer *out, const void *bytes, size_t size) {
    numbers_put(out, size);
    numbers_put_bytes(out, bytes, size);
}

struct numbers {
    const uint8_t *bytes;
    size_t size, at;
    bool failed; // the end, or no number; what was read is 0 then
};

static inline uint64_t numbers_get(struct numbers *in) {
    struct wire wire = {in->bytes + in->at, in->bytes + in->size};
    uint64_t value = 0;
    if (wire_varint(&wire, &value) != WIRE_OK) {
        in->failed = true;
        return 0;
    }
    in->at = (size_t)(wire.at - in->bytes);
    return value;
}

// Points into the input.
static inline const uint8_t *numbers_get_text(struct numbers *in, size_t *size) {
    uint64_t length = numbers_get(in);
    *size = 0;
    if (in->failed || length > in->size - in->at) {
        in->failed = true;
        return NULL;
    }
    *size = (size_t)length;
    in->at += *size;
    return in->bytes + in->at - *size;
}

#endif
