// cfi_cache.h (unwind): caches the row of an address: a frame seen before costs one lookup instead of a table search and a CFI program.
//
// Direct-mapped. An entry is two words, the row and the address XORed with the row. A torn read yields another address than the one asked
// for, so no lock and no memory ordering is needed (R. Hyatt, T. Mann, "A lock-less transposition table", 2002).
//
// Threads: any, also inside malloc and in signal handlers.
#ifndef CMEMPROF_CFI_CACHE_H
#define CMEMPROF_CFI_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cfi.h"

// 256 KiB. A program touches one cache line of it for each call site that is sampled.
enum { CFI_CACHE_BITS = 14, CFI_CACHE_ENTRIES = 1 << CFI_CACHE_BITS };

struct cfi_cache {
    struct {
        _Atomic uint64_t row, check;
    } entries[CFI_CACHE_ENTRIES];
};

// The low bits: as good as any hash for code addresses, better within one object, and 4 cycles shorter on the walk's critical path.
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

// Call after code was unmapped: another object may be loaded at the same addresses.
static inline void cfi_cache_clear(struct cfi_cache *cache) {
    for (size_t at = 0; at < CFI_CACHE_ENTRIES; at++) {
        if (atomic_load_explicit(&cache->entries[at].row, memory_order_relaxed) != 0) { // leaves unused pages untouched
            atomic_store_explicit(&cache->entries[at].check, 0, memory_order_relaxed);
            atomic_store_explicit(&cache->entries[at].row, 0, memory_order_relaxed);
        }
    }
}

#endif
