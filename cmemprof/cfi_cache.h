// cfi_cache.h: remembers the row of an address, so that a frame seen before costs one look instead of a search and a run of instructions.
//
// Direct-mapped. An entry is two words, the row and the address XORed with it: a reader that meets a half-written entry computes an address
// that is not the one it asked for, so no lock and no order is needed (R. Hyatt, T. Mann, "A lock-less transposition table", 2002).
// Threads: any, also inside malloc and in a signal handler.
#ifndef CMEMPROF_CFI_CACHE_H
#define CMEMPROF_CFI_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cfi.h"

// 256 KiB, of which a program touches one cache line for each address that it is seen at.
enum { CFI_CACHE_BITS = 14, CFI_CACHE_ENTRIES = 1 << CFI_CACHE_BITS };

struct cfi_cache {
    struct {
        _Atomic uint64_t row, check;
    } entries[CFI_CACHE_ENTRIES];
};

// The low bits as they are: as good as any hash for addresses of code, within one object better, and 4 cycles less in a walk, where the row
// is what everything waits for.
static inline size_t cfi_cache_index(uintptr_t address) {
    return address % CFI_CACHE_ENTRIES;
}

static inline bool cfi_cache_get(struct cfi_cache *cache, uintptr_t address, struct cfi_row *row) {
    size_t at = cfi_cache_index(address);
    uint64_t bits = atomic_load_explicit(&cache->entries[at].row, memory_order_relaxed);
    uint64_t check = atomic_load_explicit(&cache->entries[at].check, memory_order_relaxed);
    memcpy(row, &bits, sizeof *row);
    return (check ^ bits) == address;
}

static inline void cfi_cache_put(struct cfi_cache *cache, uintptr_t address, const struct cfi_row *row) {
    size_t at = cfi_cache_index(address);
    uint64_t bits;
    memcpy(&bits, row, sizeof bits);
    atomic_store_explicit(&cache->entries[at].row, bits, memory_order_relaxed);
    atomic_store_explicit(&cache->entries[at].check, bits ^ address, memory_order_relaxed);
}

static inline void cfi_cache_drop(struct cfi_cache *cache, uintptr_t address) {
    size_t at = cfi_cache_index(address);
    atomic_store_explicit(&cache->entries[at].check, 0, memory_order_relaxed);
    atomic_store_explicit(&cache->entries[at].row, 0, memory_order_relaxed);
}

// After code was unmapped: another object may come to lie at the same addresses.
static inline void cfi_cache_clear(struct cfi_cache *cache) {
    for (size_t at = 0; at < CFI_CACHE_ENTRIES; at++) {
        if (atomic_load_explicit(&cache->entries[at].row, memory_order_relaxed) != 0) { // leaves untouched pages so
            atomic_store_explicit(&cache->entries[at].check, 0, memory_order_relaxed);
            atomic_store_explicit(&cache->entries[at].row, 0, memory_order_relaxed);
        }
    }
}

#endif
