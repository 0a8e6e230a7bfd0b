// block_filter.h: says of a block's address that it is certainly nothing special, at the price of two loads.
//
// free() must notice a sampled block, and sampled blocks lie anywhere: they are the allocator's own, where it put them. So each address has
// a counter among some thousands of others, and all blocks that free() must look at are counted. Where the counter is 0, free() has nothing
// to do; where not, the table of live blocks is asked. Mostly a counter that is not 0 stands for one block, and then it says in which place
// to look for it:
//
//   0   none      1 .. 126   one, in that place      127   one, in whatever place      128 .. 254   2 .. 128      255   more: it stays so
//
// Neighbours have neighbouring counters, 1.5 counters for 16 bytes, so that a program which works on a few pages of its heap touches as few
// lines of the filter. The factor is 2^32 divided by the golden ratio's square: steps of any size, as allocators lay blocks out, are spread
// evenly (Knuth, The Art of Computer Programming 3, 6.4, theorem S).
//
// The filter is sized with the number of blocks it counts (2,000 of them take 0.8 % of 256 KiB), and grows while it is used:
//
//   begin    The larger one is there, and blocks that are added count in both. Blocks that go are taken off the present one only.
//   fill     When everybody who was adding has finished (the caller sees to that), the blocks that were there before are counted, too. Some
//            count twice, or are gone: then free() asks in vain for once too often, and no block is ever missed.
//   finish   It is the present one. The old one stays, since somebody may be reading it.
//
// Threads: any may ask, add and remove at any time, also inside malloc; no lock. One at a time may make it grow. Memory: mmap, bounded by
// the budget, never given back.
#ifndef CMEMPROF_BLOCK_FILTER_H
#define CMEMPROF_BLOCK_FILTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "memory_budget.h"

struct block_counts {
    size_t mask;                      // number of counters - 1
    const struct block_counts *older; // the one before
    _Atomic uint8_t of[];
};

enum { BLOCK_FILTER_TAGS = 126, BLOCK_FILTER_ANYWHERE = 127, BLOCK_FILTER_TWO = 128, BLOCK_FILTER_FULL = 255 };

struct block_filter {
    _Atomic(struct block_counts *) present; // never NULL
    _Atomic(struct block_counts *) next;    // NULL: it does not grow at the moment
};

// What there is before there is a table: a kilobyte, and no block is in it but those that were allocated before malloc was found.
enum { BLOCK_FILTER_SMALLEST = 1024 };
extern struct block_counts block_filter_smallest;

static inline _Atomic uint8_t *block_filter_count(struct block_counts *counts, const void *block) {
    return &counts->of[(uintptr_t)block * 0x61c88647 >> 34 & counts->mask];
}

// False: certainly not one of those that were added and not removed.
static inline bool block_filter_may_hold(struct block_filter *filter, const void *block) {
    struct block_counts *counts = atomic_load_explicit(&filter->present, memory_order_acquire);
    return atomic_load_explicit(block_filter_count(counts, block), memory_order_relaxed) != 0;
}

static inline struct block_counts *block_filter_present(const struct block_filter *filter) {
    return atomic_load_explicit(&filter->present, memory_order_acquire);
}

// An atomic read-modify-write in any case: a full barrier on amd64.
static inline void block_filter_count_up(_Atomic uint8_t *count, uint8_t tag) {
    uint8_t now = atomic_load_explicit(count, memory_order_relaxed), next;
    do {
        next = now == 0 ? tag : now < BLOCK_FILTER_TWO ? BLOCK_FILTER_TWO : now != BLOCK_FILTER_FULL ? now + 1 : now;
    } while (!atomic_compare_exchange_weak(count, &now, next));
}

// Before anybody else can have the block. place: 1 to BLOCK_FILTER_TAGS, or BLOCK_FILTER_ANYWHERE. What it was counted in, for whoever
// changes his mind.
struct block_counts *block_filter_add(struct block_filter *filter, const void *block, uint8_t tag);
// After nobody has it any more. counts: what was the present filter while the block was still where block_filter_fill finds it: one that
// came later may not have counted it.
void block_filter_remove(struct block_counts *counts, const void *block);

// For one who wants to know at the price of two loads that nothing has changed since block_filter_present: not growing, and still that one.
static inline bool block_filter_is_still(const struct block_filter *filter, const struct block_counts *counts) {
    // next first: NULL is before a growth began, and then it waits for us, or after its end, and then present is another one.
    return atomic_load_explicit(&filter->next, memory_order_acquire) == NULL && block_filter_present(filter) == counts;
}

// False: no memory, or it grows already.
bool block_filter_begin(struct block_filter *filter, size_t counters, struct memory_budget *budget); // a power of two
static inline bool block_filter_grows(const struct block_filter *filter) {
    return atomic_load_explicit(&filter->next, memory_order_relaxed) != NULL;
}
// The growth was begun and could not be finished: what has been counted since then is forgotten. Ends it where a fork was in the midst of
// the end. Before it is settled: whoever counts meanwhile is waited for, and found by the fill.
void block_filter_begin_again(struct block_filter *filter);
void block_filter_fill(struct block_filter *filter, const void *block, uint8_t tag);
void block_filter_finish(struct block_filter *filter);

size_t block_filter_size(const struct block_filter *filter);                        // counters
void block_filter_close(struct block_filter *filter, struct memory_budget *budget); // for tests: nobody may use it any more

#endif
