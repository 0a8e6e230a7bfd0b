// texts.h: bytes that compress about as profiles do, the same on every machine.
#ifndef CMEMPROF_RECEIVER_PACK_TEXTS_H
#define CMEMPROF_RECEIVER_PACK_TEXTS_H

#include <stdint.h>
#include <stdlib.h>

// Of that seed; the caller frees them. Later ones of a seed are much the same with another `change`.
static inline uint8_t *text_of(uint32_t seed, uint32_t change, size_t size) {
    uint8_t *bytes = malloc(size + 1);
    uint32_t state = seed * 2654435761U + 12345, words[64], drift = change * 40503U;
    for (size_t i = 0; i < 64; i++) {
        state = state * 1664525U + 1013904223U;
        words[i] = state;
    }
    for (size_t at = 0; bytes && at < size;) {
        state = state * 1664525U + 1013904223U;
        uint32_t word = words[state >> 26], length = 3 + (state >> 20 & 15);
        if ((state >> 12 & 255) < 20) { // what differs
            drift = drift * 1664525U + 1013904223U;
            word ^= drift;
        }
        for (uint32_t i = 0; i < length && at < size; i++) {
            bytes[at++] = (uint8_t)((word >> i % 4 * 8) + i / 4 * 31);
        }
        if ((state >> 4 & 255) < 30 && at < size) {
            bytes[at++] = (uint8_t)(state >> 24);
        }
    }
    return bytes;
}

#endif
