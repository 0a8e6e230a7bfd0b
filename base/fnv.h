// fnv.h: FNV-1a with 64 bits: a hash whose value is the same everywhere, as file formats and links need.
//
// Keys can be made to collide. Tables of what others send use a seeded hash (merge/intern.h), or compare keys in full and are small.
#ifndef CMEMPROF_BASE_FNV_H
#define CMEMPROF_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV64_START UINT64_C(0xcbf29ce484222325)

// Continues a hash, at first FNV64_START. bytes may be NULL without any.
static inline uint64_t fnv64(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

#endif
