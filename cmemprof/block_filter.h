// block_filter.h (tables): a counting filter that rules out unsampled blocks at the cost of two loads.
//
// free() must recognise a sampled block, and sampled blocks are ordinary blocks at any address. So every address hashes to one of some
// thousands of counters, and every block that free() must handle is counted in its counter. If the counter is 0, free() has nothing to do;
// otherwise it searches the live table. A nonzero counter usually stands for one block and then holds that block's tag, the part of the
// table to search:
//
//   0   none      1 .. 126   one, with that tag      127   one, untagged      128 .. 254   2 .. 128 blocks      255   saturated for good
//
// Adjacent addresses map to adjacent counters, 1.5 counters per 16 bytes, so a program that works on a few heap pages touches few cache
// lines of the filter. The multiplier is 2^32 divided by the square of the golden ratio: it spreads any stride evenly (Knuth, The Art of
// Computer Programming 3, 6.4, theorem S).
//
// The filter is sized by the number of counted blocks (2,000 blocks occupy 0.8 % of 256 KiB). It grows while in use:
//
//   begin    Allocates the larger filter. Added blocks are counted in both; removed blocks are subtracted from the present one only.
//   fill     Once all adds in flight at begin are done (the caller waits for them), counts the older blocks in the larger filter. Blocks
//            counted twice or already freed cost a needless search in free(); no block is ever missed.
//   finish   Makes the larger filter the present one. The old one is never freed, since a reader may still hold it.
//
// Threads: any thread may query, add and remove at any time, also inside malloc; lock-free. One thread at a time may grow it. Memory: mmap,
// bounded by the budget, never returned.
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
    const struct block_counts *older; // the previous filter
    _Atomic uint8_t of[];
};

enum { BLOCK_FILTER_TAGS = 126, BLOCK_FILTER_ANYWHERE = 127, BLOCK_FILTER_TWO = 128, BLOCK_FILTER_FULL = 255 };

// All zeros is the initial state, before the tables are open, in which free() may already query it: so what holds it, 750 KB, takes no room
// in the program's file, and no memory before it is used.
struct block_filter {
    _Atomic uintptr_t present;           // distance from block_filter_smallest
    _Atomic(struct block_counts *) next; // NULL: not growing
};

// The filter before the tables are open: 1 KiB, and counts only blocks of the bootstrap arena (real_allocator.h). It is
// the process's, as these are.
enum { BLOCK_FILTER_SMALLEST = 1024 };
extern struct block_counts block_filter_smallest __attribute__((visibility("hidden")));

static inline struct block_counts *block_filter_present(const struct block_filter *filter) {
    return (struct block_counts *)((uintptr_t)&block_filter_smallest + atomic_load_explicit(&filter->present, memory_order_acquire));
}

static inline _Atomic uint8_t *block_filter_count(struct block_counts *counts, const void *block) {
    return &counts->of[(uintptr_t)block * 0x61c88647 >> 34 & counts->mask];
}

// Returns false if the block is certainly not in the filter.
static inline bool block_filter_may_hold(struct block_filter *filter, const void *block) {
    return atomic_load_explicit(block_filter_count(block_filter_present(filter), block), memory_order_relaxed) != 0;
}

// Always an atomic read-modify-write: a full barrier on amd64.
static inline void block_filter_count_up(_Atomic uint8_t *count, uint8_t tag) {
    uint8_t now = atomic_load_explicit(count, memory_order_relaxed), next;
    do {
        next = now == 0 ? tag : now < BLOCK_FILTER_TWO ? BLOCK_FILTER_TWO : now != BLOCK_FILTER_FULL ? now + 1 : now;
    } while (!atomic_compare_exchange_weak(count, &now, next));
}

// Call before any other thread can own the block. tag is 1 to BLOCK_FILTER_TAGS, or BLOCK_FILTER_ANYWHERE. Returns the filter that counted
// the block, for block_filter_remove.
struct block_counts *block_filter_add(struct block_filter *filter, const void *block, uint8_t tag);
// Call once no thread owns the block. counts is the filter that was present while block_filter_fill could still find the block: a later one
// may not have counted it.
void block_filter_remove(struct block_counts *counts, const void *block);

// Returns true if nothing changed since block_filter_present: not growing, and the same filter. Costs two loads.
static inline bool block_filter_is_still(const struct block_filter *filter, const struct block_counts *counts) {
    // Load next first. NULL means either that growth has not begun, and then it will wait for this thread, or that it has ended, and then
    // present differs.
    return !atomic_load_explicit(&filter->next, memory_order_acquire) && block_filter_present(filter) == counts;
}

// Returns false if memory runs out or the filter is already growing.
bool block_filter_begin(struct block_filter *filter, size_t counters, struct memory_budget *budget); // a power of two
static inline bool block_filter_grows(const struct block_filter *filter) {
    return atomic_load_explicit(&filter->next, memory_order_relaxed);
}
// Restarts a growth that could not be finished, also one whose finish a fork interrupted: discards what was counted since it began. Call
// before settling: adds that are in flight meanwhile are waited for, and fill finds their blocks.
void block_filter_restart(struct block_filter *filter);
void block_filter_fill(struct block_filter *filter, const void *block, uint8_t tag);
void block_filter_finish(struct block_filter *filter);

size_t block_filter_size(const struct block_filter *filter);                        // counters
void block_filter_close(struct block_filter *filter, struct memory_budget *budget); // for tests; no thread may use the filter any more

#endif
