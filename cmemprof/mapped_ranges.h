// mapped_ranges.h (sample): the memory that this process has mapped, exact by range, from the notes of mappings.h.
//
// One thread at a time applies notes to the map (range_map.h). After a loss, and in a forked child (MADV_DONTFORK), the map is compared
// with /proc/self/maps before it is read next: ranges that are no longer mapped leave it.
//
// Threads: any. Not inside malloc or in signal handlers, unless it is said.
#ifndef CMEMPROF_MAPPED_RANGES_H
#define CMEMPROF_MAPPED_RANGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "profiler.h"

// Returns false if memory runs out: no mapping is known then.
bool mapped_ranges_open(struct profiler *self);
void mapped_ranges_close(struct profiler *self); // see lifecycle_close

// Returns false before mappings_open.
static inline bool mapped_ranges_are_open(const struct profiler *self) {
    return atomic_load_explicit(&self->mappings.open, memory_order_acquire);
}

// Applies what waits, unless another thread does. Also inside malloc, in signal handlers and after fork; may change errno.
bool mapped_ranges_try_apply(struct profiler *self);
// A note is missing: counted, and the map is in doubt. As above.
void mapped_ranges_lose(struct profiler *self);

// Applies what waits. Not inside malloc. Returns false if the map could not be had within a second.
bool mapped_ranges_apply(struct profiler *self);
// Adds the live ranges of the program to the inuse_* of their stacks. Caller must hold the reclaiming lock. Returns false as above, with
// nothing added.
bool mapped_ranges_sum_live(struct profiler *self);
// Visits all ranges, sorted, of all owners. visit must map nothing and take no lock that a mapping thread may hold. Returns false as above.
bool mapped_ranges_each(struct profiler *self, void (*visit)(const struct mapped_range *range, void *context), void *context);

struct mapping_stats {
    uint64_t ranges, bytes; // of the program, live
    uint64_t lost;          // notes that were dropped: a range is missing, or one that is gone stays until the next comparison
    uint64_t nameless;      // mappings without a stack: too many new stacks in a second, no free shard, or the stack table is full
};
void mapped_ranges_read_stats(struct profiler *self, struct mapping_stats *stats);

// Fork handlers. Before: waits up to a second until no thread changes the map.
void mapped_ranges_before_fork(struct profiler *self);
void mapped_ranges_after_fork_in_parent(struct profiler *self);
void mapped_ranges_after_fork_in_child(struct profiler *self);

#endif
