// live_table.h (tables): the live sampled blocks by address.
//
// A sampled block is an ordinary block of the real allocator, at any address. A counting filter (block_filter.h) tells free() which
// addresses are worth a search; all others cost two loads.
//
// The table has one part per shard (shard.h). Only the holder of the shard adds to its part, with plain stores. The filter says which part
// a block is in, so a search covers a single part, except for the few blocks that share a counter.
//
// Threads: any, also inside malloc and free, after fork, and while a snapshot reads; lock-free. A block is added before the program gets
// its address and removed before the address returns to the real allocator, so an address occurs at most once.
//
// Memory: mmap, bounded by the budget. Slots take 32 bytes each, in levels of 128, 256, 512, ... slots per part in use; a level is at least
// 60 % full before the next one is made. The filter takes 16 to 64 bytes a sample, at least 256 KiB: a smaller one is full of
// what is sampled within a second, before it can grow, and every free() is slow then (e2e/hazards, live_heap). A level whose samples are
// all freed is returned once the levels below it can hold what is live (live_table_tidy). Never calls malloc.
#ifndef CMEMPROF_LIVE_TABLE_H
#define CMEMPROF_LIVE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "block_filter.h"
#include "memory_budget.h"

struct stack;

struct live_sample {
    struct stack *stack;
    size_t size_bytes; // as requested
    double weight;     // number of allocations it stands for; must be a float's value (live_table_weight)
    uint32_t birth_s;  // reading of the clock (age.h) when it was allocated
};

// The nearest weight that the table keeps: within 6e-8 of it.
static inline double live_table_weight(double weight) {
    return (float)weight;
}

enum { LIVE_TABLE_PARTS = 64, LIVE_TABLE_LEVELS = 20, LIVE_TABLE_FILTER_BYTES = 256 * 1024 };

struct live_part {
    _Atomic(struct live_level *) levels[LIVE_TABLE_LEVELS]; // filled from 0; a level's address space is never unmapped
    _Atomic int level_count;
    _Atomic(struct live_level *) newest; // the last level; NULL: none
};

// All zeros: not open. free() may already query it.
struct live_table {
    struct live_part parts[LIVE_TABLE_PARTS];
    struct memory_budget *budget;
    struct block_filter filter;
    void (*others)(struct block_filter *filter);
};

// Returns false if the block is certainly not in the table.
static inline bool live_table_may_hold(struct live_table *table, const void *block) {
    return block_filter_may_hold(&table->filter, block);
}

// others counts blocks in the filter that are in no table but that free() must notice; may be NULL. Returns false, with nothing changed, if
// there is no memory for the filter.
bool live_table_open(struct live_table *table, struct memory_budget *budget, void (*others)(struct block_filter *filter));
void live_table_close(struct live_table *table); // for tests; no thread may use the table any more

// Caller must hold the part's shard, so that live_table_tidy's settle waits for it. Returns false if the part is full or the address is not
// a multiple of 8 below 2^48.
bool live_table_add(struct live_table *table, unsigned part, const void *block, const struct live_sample *sample);
// live_table_add without the filter: the caller has already counted the block in counted. Uncounts it on failure.
bool live_table_put(struct live_table *table, unsigned part, const void *block, const struct live_sample *sample,
                    struct block_counts *counted);
static inline uint8_t live_table_tag(unsigned part) {
    return (uint8_t)(part + 1); // its tag in the filter
}
// Returns true if the block was live, and copies it to *sample unless NULL.
bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample);
// The fast way for what most samples are: born a moment ago, at now_s, and in their first slot. Returns false, with nothing changed, if it
// is not such a one; live_table_remove may still find it.
bool live_table_remove_young(struct live_table *table, const void *block, uint32_t now_s);

uint64_t live_table_count(const struct live_table *table); // live blocks; reads the whole table

typedef void (*live_table_visit)(uintptr_t block, const struct live_sample *sample, void *context);
void live_table_each(const struct live_table *table, live_table_visit visit, void *context);

// Returns true if the filter has become too small. Counts what is live only if the levels may hold that much.
bool live_table_needs_tidying(const struct live_table *table);

// Resizes the filter to the number of live blocks and returns empty levels. One thread at a time, not inside malloc. settle returns once
// every add in flight at its call is done, or false if one could not be waited for.
void live_table_tidy(struct live_table *table, bool (*settle)(void *context), void *context);

#endif
