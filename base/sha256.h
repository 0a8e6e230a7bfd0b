// sha256.h: SHA-256 (FIPS 180-4), piece by piece. No library for it is linked into services.
//
//     sha256_begin(&hash); sha256_add(&hash, bytes, size); ...; sha256_end(&hash, digest);
//
// Threads: any; one at a time for one hash. Memory: none.
#ifndef CMEMPROF_BASE_SHA256_H
#define CMEMPROF_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK_BYTES = 64, SHA256_LENGTH_AT = 56 };

struct sha256 {
    uint32_t state[8];
    uint8_t block[SHA256_BLOCK_BYTES];
    uint64_t size; // bytes so far
};

// The first 32 bits of the fractional parts of the square roots of the first 8 primes, and of the cube roots of the first 64.
static const uint32_t sha256_initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t sha256_turn(uint32_t word, unsigned by) {
    return word >> by | word << (32 - by);
}

static inline uint32_t sha256_get(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void sha256_put(uint8_t *at, uint32_t word) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

static inline void sha256_mix(struct sha256 *hash) {
    uint32_t words[64], s[8];
    for (int i = 0; i < 16; i++) {
        words[i] = sha256_get(hash->block + 4 * i);
    }
    for (int i = 16; i < 64; i++) {
        uint32_t near = words[i - 2], far = words[i - 15];
        words[i] = words[i - 16] + words[i - 7] + (sha256_turn(far, 7) ^ sha256_turn(far, 18) ^ far >> 3) +
                   (sha256_turn(near, 17) ^ sha256_turn(near, 19) ^ near >> 10);
    }
    memcpy(s, hash->state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t one = s[7] + (sha256_turn(s[4], 6) ^ sha256_turn(s[4], 11) ^ sha256_turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
                       sha256_constants[i] + words[i];
        uint32_t two =
            (sha256_turn(s[0], 2) ^ sha256_turn(s[0], 13) ^ sha256_turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) {
        hash->state[i] += s[i];
    }
}

static inline void sha256_begin(struct sha256 *hash) {
    *hash = (struct sha256){0};
    memcpy(hash->state, sha256_initial, sizeof sha256_initial);
}

static inline void sha256_add(struct sha256 *hash, const void *bytes, size_t size) {
    for (const uint8_t *at = bytes; size > 0;) {
        size_t used = hash->size % SHA256_BLOCK_BYTES, step = SHA256_BLOCK_BYTES - used < size ? SHA256_BLOCK_BYTES - used : size;
        memcpy(hash->block + used, at, step);
        hash->size += step;
        at += step;
        size -= step;
        if (hash->size % SHA256_BLOCK_BYTES == 0) {
            sha256_mix(hash);
        }
    }
}

static inline void sha256_end(struct sha256 *hash, uint8_t digest[SHA256_BYTES]) {
    static const uint8_t padding[SHA256_BLOCK_BYTES] = {0x80};
    uint64_t bits = hash->size * 8;
    uint8_t length[8];
    sha256_put(length, (uint32_t)(bits >> 32));
    sha256_put(length + 4, (uint32_t)bits);
    size_t used = hash->size % SHA256_BLOCK_BYTES;
    sha256_add(hash, padding, used < SHA256_LENGTH_AT ? SHA256_LENGTH_AT - used : SHA256_BLOCK_BYTES + SHA256_LENGTH_AT - used);
    sha256_add(hash, length, sizeof length);
    for (int i = 0; i < 8; i++) {
        sha256_put(digest + 4 * i, hash->state[i]);
    }
}

#endif
