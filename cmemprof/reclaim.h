// reclaim.h (tables): keeps the tables within their budget: sets the limit and evicts stacks with no live samples.
//
// When memory is short it evicts, in this order: stacks of unloaded code that a profile has shown; stacks with no allocation since the last
// profile; then others with no live samples, even if a profile has not shown them yet. Live samples are what reveals a leak, so their
// stacks stay. The totals of evicted stacks go to one sample of the profile, MERGE_EVICTED (merge.h), so the sums of alloc_* are preserved.
// An evicted stack that allocates again gets a new entry. Unused table memory returns to the system and to the budget.
//
// A set of labels goes with the last stack that refers to it. If the memory of sets is short, so do, in the same order, the sets of which
// nothing is live, with their stacks.
//
// It runs after a snapshot, when a library was unloaded, and about once a second if the caller polls (cmemprof_make_room): a table that
// fills up between two profiles drops samples for that long at most. It does not run inside malloc, since an eviction reads all live
// samples and waits until no sample is in flight.
//
// Threads: outside malloc only. Snapshots hold pointers to stacks, so nothing is evicted while one exists.
#ifndef CMEMPROF_RECLAIM_H
#define CMEMPROF_RECLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "profiler.h"

// The reclaiming lock: held to walk the tables and to change what those walks record. Never taken inside malloc.
void reclaim_lock(struct profiler *self);
bool reclaim_timed_lock(struct profiler *self); // for the program's threads; returns false after a second
bool reclaim_try_lock(struct profiler *self);   // for what can wait for another time
void reclaim_unlock(struct profiler *self);

// Evicts stacks if memory is short; otherwise only reads some counters. Returns true if it evicted some.
bool reclaim_make_room(struct profiler *self);

// Evicts what it must. Caller must hold the lock. No effect while a snapshot exists.
void reclaim_run(struct profiler *self);

// Sums the live samples into the entries of all stacks (inuse_*). Caller must hold the lock. Returns the number of live blocks.
uint64_t reclaim_sum_live(struct profiler *self);

// Keeps all stacks in place until reclaim_snapshot_ends. Caller must hold the lock.
void reclaim_snapshot_begins(struct profiler *self);
void reclaim_snapshot_ends(struct profiler *self); // takes the lock and evicts

// A hundredth of what is resident, at least 8 MiB; near the limit of the process's memory, where less than eight times that is left, an
// eighth of it more than what is used now.
size_t reclaim_limit(size_t resident, size_t used, uint64_t left);
void reclaim_set_limit(struct profiler *self);
void reclaim_after_fork(struct profiler *self);
void reclaim_close(struct profiler *self); // frees what waits for samples in flight, once there are none

#endif
