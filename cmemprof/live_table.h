// live_table.h: the sampled blocks that are alive, found by their address.
//
// A sampled block is the allocator's own, at any address. A counting filter (block_filter.h) tells free() which addresses are worth a
// search here; all others cost it two loads.
//
// The table has a part for each shard (shard.h), and who holds the shard adds to its part: with plain stores, since nobody else does. The
// filter says in which part a block is, so a search is one in a single part, but for the few blocks that share a counter.
//
// Threads: any, also inside malloc and free, after fork, and while a snapshot reads; no lock. A block is added before the program gets its
// address and removed before the address goes back to the allocator, so an address is in the table once at most.
// Memory: mmap, bounded by the budget: 32 bytes a slot, in levels of 128, 256, 512, ... slots for each part that is in use, of which 60 %
// and more are in use when the next one is made; and the filter, 16 to 64 bytes a sample and 256 KiB at least. A level whose samples are
// all gone is given back once the levels below it have room for what is alive (live_table_tidy). Never calls malloc.
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
    double weight;     // how many allocations it stands for
};

enum { LIVE_TABLE_PARTS = 64, LIVE_TABLE_LEVELS = 20, LIVE_TABLE_FILTER_BYTES = 256 * 1024 };

struct live_part {
    _Atomic(struct live_level *) levels[LIVE_TABLE_LEVELS]; // filled from 0; the address space of a level is never taken away
    _Atomic int level_count;
    _Atomic(struct live_level *) newest; // the last of them; NULL: there is none
};

struct live_table {
    struct live_part parts[LIVE_TABLE_PARTS];
    struct memory_budget *budget;
    struct block_filter filter;
    void (*others)(struct block_filter *filter);
};

// What a table is before it is opened: free() may ask it already.
#define LIVE_TABLE_CLOSED                                                                                                                  \
    {                                                                                                                                      \
        .filter = {.present = &block_filter_smallest }                                                                                     \
    }

// False: certainly not in the table.
static inline bool live_table_may_hold(struct live_table *table, const void *block) {
    return block_filter_may_hold(&table->filter, block);
}

// others: fills in blocks that are in no table and that free() must notice all the same; NULL: there are none. False: no memory for the
// filter; nothing has changed.
bool live_table_open(struct live_table *table, struct memory_budget *budget, void (*others)(struct block_filter *filter));
void live_table_close(struct live_table *table); // for tests: nobody may use it any more

// One at a time adds to a part, and is within sight of live_table_tidy's settle. False: full, or an address that is no multiple of 8 below
// 2^48.
bool live_table_add(struct live_table *table, unsigned part, const void *block, const struct live_sample *sample);
// The second half of it: the filter has counted the block already, in counted, and forgets it if this is false.
bool live_table_put(struct live_table *table, unsigned part, const void *block, const struct live_sample *sample,
                    struct block_counts *counted);
static inline uint8_t live_table_tag(unsigned part) {
    return (uint8_t)(part + 1); // what the filter calls it
}
// True: it was alive, *sample is what it was; NULL: nobody wants to know.
bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample);

uint64_t live_table_count(const struct live_table *table); // alive now; reads the whole table

void live_table_each(const struct live_table *table, void (*visit)(const struct live_sample *sample, void *context), void *context);

// So many may be alive that the filter has become too small for them. One look at the levels.
bool live_table_wants_tidying(const struct live_table *table);

// Brings the filter to the size that what is alive wants, and gives back levels that nothing is in. By one thread at a time, not inside
// malloc. settle returns when every thread that was adding something when it was called has finished; false: one could not be waited for.
void live_table_tidy(struct live_table *table, bool (*settle)(void *context), void *context);

#endif
