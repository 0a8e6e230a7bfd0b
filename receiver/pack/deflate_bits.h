// deflate_bits.h: bits of a deflate stream, least significant first, for deflate_stream.c and deflate_recipe.c.
//
// Threads: as the owner. Memory: what is written is malloc's, and the owner frees `bytes`.
#ifndef CMEMPROF_RECEIVER_DEFLATE_BITS_H
#define CMEMPROF_RECEIVER_DEFLATE_BITS_H

#include "../../base/vector.h"

#include <stdint.h>

struct bit_writer { // zero-initialize
    uint8_t *bytes;
    size_t size, capacity;
    uint64_t held;
    unsigned count; // of bits in held, less than 8 between calls
    bool failed;    // no memory
};

static inline void bits_put(struct bit_writer *out, uint32_t value, unsigned count) { // count <= 32
    out->held |= (uint64_t)value << out->count;
    out->count += count;
    if (!VECTOR_RESERVE(out->bytes, out->capacity, out->size + 8)) {
        out->failed = true;
        out->count = 0;
        return;
    }
    for (; out->count >= 8; out->count -= 8, out->held >>= 8) {
        out->bytes[out->size++] = (uint8_t)out->held;
    }
}

// Zeros up to the next byte.
static inline void bits_align(struct bit_writer *out) {
    if (out->count > 0) {
        bits_put(out, 0, 8 - out->count);
    }
}

struct bit_reader {
    const uint8_t *bytes;
    size_t size, at; // bytes that are in held, or behind it
    uint64_t held;
    unsigned count;
    bool over; // more was asked for than there is
};

static inline void bits_fill(struct bit_reader *in) {
    while (in->count <= 56 && in->at < in->size) {
        in->held |= (uint64_t)in->bytes[in->at++] << in->count;
        in->count += 8;
    }
}

// Of what is there; zeros behind the end.
static inline uint32_t bits_peek(struct bit_reader *in, unsigned count) {
    if (in->count < count) {
        bits_fill(in);
    }
    return (uint32_t)(in->held & ((UINT64_C(1) << count) - 1));
}

static inline void bits_skip(struct bit_reader *in, unsigned count) {
    if (in->count < count) {
        in->over = true;
        in->count = 0;
        in->held = 0;
        return;
    }
    in->held >>= count;
    in->count -= count;
}

static inline uint32_t bits_get(struct bit_reader *in, unsigned count) {
    uint32_t value = bits_peek(in, count);
    bits_skip(in, count);
    return value;
}

#endif
