// live_table.h: the sampled blocks that are alive, found by their address.
//
// Only addresses that look like a sampled block's are ever looked up, so that free() costs two instructions for all others. A block
// looks so if its address is a multiple of 1024, where we place sampled blocks, or 16 more, where glibc puts blocks that it maps by
// themselves (its header is 16 bytes): those can then be sampled without being moved, also through realloc's mremap and calloc's fresh
// pages. Why 1024: glibc frees what it skips to get there, and a gap of up to 1 KiB goes to the thread's cache of small blocks. With whole
// pages the gap would serve larger blocks, which made every malloc of 2 KiB by a program with an empty heap cost 10 ns more.
//
// Other blocks lie there, too (1 in 64 of glibc's, and what was sampled once and is handed out again). A counting filter says so at the
// price of one load.
//
// A block that was freed and that the profiler keeps for its next sample (spare_blocks.h) rests: it stays in the table, is not alive, and
// only its keeper touches it. So sampling the same block again and again costs no search and one atomic instruction.
//
// Threads: any, also inside malloc and free, after fork, and while a snapshot reads; no lock. A block is added before the program gets its
// address and removed before the address goes back to the allocator, so an address is in the table once at most.
// Memory: mmap, in levels that double in size, bounded by the budget. Never calls malloc.
#ifndef CMEMPROF_LIVE_TABLE_H
#define CMEMPROF_LIVE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "memory_budget.h"

struct stack;

struct live_sample {
    struct stack *stack;
    size_t size_bytes; // as requested
    double weight;     // how many allocations it stands for
};

enum { LIVE_TABLE_LEVELS = 20, LIVE_TABLE_FILTER_SLOTS = 1 << 15 }; // the filter: 64 KiB; 2,000 live samples take 6 % of its slots

struct live_table {
    _Atomic(struct live_level *) levels[LIVE_TABLE_LEVELS]; // filled from 0; never taken away
    struct memory_budget *budget;
    _Atomic uint16_t filter[LIVE_TABLE_FILTER_SLOTS]; // how many blocks of the table hash here
};

enum { LIVE_TABLE_ALIGNMENT = 1024 };

static inline bool live_table_may_hold(const void *block) {
    return ((uintptr_t)block & (LIVE_TABLE_ALIGNMENT - 1) & ~(uintptr_t)16) == 0;
}

static inline _Atomic uint16_t *live_table_filter_slot(struct live_table *table, const void *block) {
    return &table->filter[((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 49]; // the top 15 bits
}

// False: certainly not in the table. NULL never is, though it looks as if it could.
static inline bool live_table_seems_to_hold(struct live_table *table, const void *block) {
    return live_table_may_hold(block) && block != NULL &&
           atomic_load_explicit(live_table_filter_slot(table, block), memory_order_relaxed) != 0;
}

void live_table_open(struct live_table *table, struct memory_budget *budget);
void live_table_close(struct live_table *table); // for tests: nobody may use it any more

// block must satisfy live_table_may_hold. False: full, or an address of more than 48 bits.
bool live_table_add(struct live_table *table, const void *block, const struct live_sample *sample);
// True: it was alive, *sample is what it was.
bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample);

// Where a resting block is. slot NULL: it is not in the table.
struct live_place {
    struct live_slot *slot;
    _Atomic uint64_t *key;
};
enum live_state { LIVE_ABSENT, LIVE_ALIVE, LIVE_RESTING };
// LIVE_ALIVE: it was alive and now rests at *place, and the caller is its keeper. LIVE_RESTING: it rested already: freed twice.
enum live_state live_table_rest(struct live_table *table, const void *block, struct live_place *place);
void live_table_wake(struct live_place place, const struct live_sample *sample); // it is alive again
void live_table_drop(struct live_table *table, struct live_place place);         // it is not the keeper's any more

uint64_t live_table_count(const struct live_table *table); // alive now; reads the whole table

void live_table_each(const struct live_table *table, void (*visit)(const struct live_sample *sample, void *context), void *context);

#endif
