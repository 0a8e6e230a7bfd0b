// reclaim.h: keeps the tables within their budget: sets the limit, and takes away stacks that nothing refers to any more.
//
// A stack may go when a profile has shown its totals, nothing was allocated there since the profile before, and no block of it is alive.
// What is gone is counted (reclaimed_stacks, reclaimed_samples): alloc_* of a profile taken later lacks it, and a delta, which forgets what
// has vanished, stays right.
//
// Threads: outside of malloc only. Snapshots hold pointers to stacks, so nothing is taken away while there is one.
#ifndef CMEMPROF_RECLAIM_H
#define CMEMPROF_RECLAIM_H

#include <stddef.h>

#include "namespace.h"
#include "profiler.h"

// Called before a snapshot reads the tables: takes stacks away if memory is short. Every call is followed by reclaim_snapshot_ends when the
// snapshot is freed.
void reclaim_snapshot_begins(struct profiler *self);
void reclaim_snapshot_ends(void);

// The same without taking anything away: for others who walk the table of stacks.
void reclaim_pause(void);

void reclaim_set_limit(struct profiler *self);
void reclaim_after_fork(void);

#endif
