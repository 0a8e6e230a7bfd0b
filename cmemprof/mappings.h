// mappings.h (sample): the memory that this process has mapped by mmap and its relatives, exact by range, with the stacks that mapped it.
//
// The hooks (hook_mappings.c) write notes (mapping_log.h), which are applied to a range map (range_map.h): once a second by the profiler's
// thread, with every snapshot, and by a hook when many wait. So mmap and munmap cost the program a note each, and the walk of a stack,
// which is mostly the thread's last one. Every mapping is noted; none is sampled.
//
// The map is applied to by one thread at a time. A hook that finds another one at it leaves its note; only if no note is free does it wait,
// a millisecond at most, and is then counted in lost_mappings. After a loss, and in a forked child (MADV_DONTFORK), the map is compared
// with /proc/self/maps before it is read next: ranges that are no longer mapped leave it.
//
// Known are mappings since the profiler's first start that are made through libc's functions by name. Those by raw system calls, by libc
// itself (threads' stacks, malloc's, loaded libraries) and while the profiler is stopped are not; the latter's effect on older ones is.
//
// Threads: any; those marked so also inside malloc, in signal handlers and after fork, which never wait for a lock.
#ifndef CMEMPROF_MAPPINGS_H
#define CMEMPROF_MAPPINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "profiler.h"

// Once, at the profiler's start. allocator: a function of the real allocator. If memory runs out, no mapping is known, which counts as a
// loss.
void mappings_open(struct profiler *self, const void *allocator);

void mappings_close(struct profiler *self); // see lifecycle_close
static inline bool mappings_are_open(const struct profiler *self) {
    return atomic_load_explicit(&self->mappings.open, memory_order_acquire);
}

// ---- For the hooks; no effect before mappings_open ----

// Where a hook was called: its return address and its frame, as profiler_finish.
struct mapping_call {
    uintptr_t caller;
    const uintptr_t *frame;
};

// After the call: [low, low + size) was mapped, over whatever was there.
void mappings_added(struct profiler *self, uintptr_t low, size_t size, enum mapping_kind kind, const struct mapping_call *call);
// Before the call.
void mappings_removed(struct profiler *self, uintptr_t low, size_t size);
// Before mremap, and after it. new_low 0: it has failed.
uint32_t mappings_leaving(struct profiler *self, uintptr_t low, size_t size);
void mappings_arrived(struct profiler *self, uint32_t mover, uintptr_t low, size_t size, uintptr_t new_low, size_t new_size,
                      const struct mapping_call *call);
void mappings_detached(struct profiler *self, uintptr_t low); // before shmdt
// After a call that has failed and may have unmapped something nevertheless, or has not unmapped what mappings_removed was told.
void mappings_doubted(struct profiler *self, bool lost);

// ---- For the profiler ----

// Applies what waits. Not inside malloc. Returns false if the map could not be had within a second.
bool mappings_apply(struct profiler *self);
// Adds the live ranges of the program to the inuse_* of their stacks. Caller must hold the reclaiming lock. Returns false as above, with
// nothing added.
bool mappings_sum_live(struct profiler *self);
// Visits all ranges, sorted, of all owners. visit must map nothing and take no lock that a mapping thread may hold. Returns false as above.
bool mapped_ranges_each(struct profiler *self, void (*visit)(const struct mapped_range *range, void *context), void *context);

struct mapping_stats {
    uint64_t ranges, bytes; // of the program, live
    uint64_t lost;          // notes that were dropped: a range is missing, or one that is gone stays until the next comparison
    uint64_t nameless;      // mappings without a stack: too many new stacks in a second, no free shard, or the stack table is full
};
void mappings_read_stats(struct profiler *self, struct mapping_stats *stats);

// Fork handlers. Before: waits up to a second until no thread changes the map.
void mappings_before_fork(struct profiler *self);
void mappings_after_fork_in_parent(struct profiler *self);
void mappings_after_fork_in_child(struct profiler *self);

#endif
