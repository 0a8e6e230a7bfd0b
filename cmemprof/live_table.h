// live_table.h: the sampled blocks that are alive, found by their address.
//
// Only addresses that look like a sampled block's are ever looked up, so that free() costs two instructions for all others. A block
// looks so if its address is a multiple of 4096, where we place sampled blocks, or 16 more, where glibc puts blocks that it maps by
// themselves (its header is 16 bytes): those can then be sampled without being moved, also through realloc's mremap and calloc's fresh
// pages.
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

enum { LIVE_TABLE_LEVELS = 20 };

struct live_table {
    _Atomic(struct live_level *) levels[LIVE_TABLE_LEVELS]; // filled from 0; never taken away
    _Atomic size_t used_bytes;
    size_t limit_bytes;
    _Atomic uint64_t count;
};

static inline bool live_table_may_hold(const void *block) {
    return ((uintptr_t)block & 0xfef) == 0;
}

void live_table_open(struct live_table *table, size_t limit_bytes);
void live_table_close(struct live_table *table); // for tests: nobody may use it any more

// block must satisfy live_table_may_hold. False: full.
bool live_table_add(struct live_table *table, const void *block, const struct live_sample *sample);
// True: it was there, *sample is what it was.
bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample);

void live_table_each(const struct live_table *table, void (*visit)(const struct live_sample *sample, void *context), void *context);

#endif
