// live_table.h: the sampled blocks that are alive, found by their address.
//
// Only addresses that look like a sampled block's are ever looked up, so that free() costs two instructions for all others. A block
// looks so if its address is a multiple of 4096, where we place sampled blocks, or 16 more, where glibc puts blocks that it maps by
// themselves (its header is 16 bytes): those can then be sampled without being moved, also through realloc's mremap and calloc's fresh
// pages.
//
// A page-aligned block that was sampled once is handed out again and again by the allocator without being sampled, so most of these
// addresses are not in the table either. A counting filter says so at the price of one load.
//
// Threads: any, also inside malloc and free, after fork, and while a snapshot reads; no lock. A block is added before the program gets its
// address and removed before the address goes back to the allocator, so an address is in the table once at most.
// Memory: mmap, in levels that double in size, bounded by limit_bytes. Never calls malloc.
#ifndef CMEMPROF_LIVE_TABLE_H
#define CMEMPROF_LIVE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct stack;

struct live_sample {
    struct stack *stack;
    size_t size_bytes; // as requested
    double weight;     // how many allocations it stands for
};

enum { LIVE_TABLE_LEVELS = 20, LIVE_TABLE_FILTER_SLOTS = 1 << 15 }; // the filter: 64 KiB; 2,000 live samples take 6 % of its slots

struct live_table {
    _Atomic(struct live_level *) levels[LIVE_TABLE_LEVELS]; // filled from 0; never taken away
    _Atomic size_t used_bytes;
    size_t limit_bytes;
    _Atomic uint64_t count;
    _Atomic uint16_t filter[LIVE_TABLE_FILTER_SLOTS]; // how many blocks of the table hash here
};

static inline bool live_table_may_hold(const void *block) {
    return ((uintptr_t)block & 0xfef) == 0;
}

static inline _Atomic uint16_t *live_table_filter_slot(struct live_table *table, const void *block) {
    return &table->filter[((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 49]; // the top 15 bits
}

// False: certainly not in the table. NULL never is, though it looks as if it could.
static inline bool live_table_seems_to_hold(struct live_table *table, const void *block) {
    return live_table_may_hold(block) && block != NULL &&
           atomic_load_explicit(live_table_filter_slot(table, block), memory_order_relaxed) != 0;
}

void live_table_open(struct live_table *table, size_t limit_bytes);
void live_table_close(struct live_table *table); // for tests: nobody may use it any more

// block must satisfy live_table_may_hold. False: full.
bool live_table_add(struct live_table *table, const void *block, const struct live_sample *sample);
// True: it was there, *sample is what it was.
bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample);

void live_table_each(const struct live_table *table, void (*visit)(const struct live_sample *sample, void *context), void *context);

#endif
