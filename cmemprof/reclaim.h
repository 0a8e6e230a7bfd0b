// reclaim.h: keeps the tables within their budget: sets the limit, and takes away stacks of which nothing is alive.
//
// When memory is short, first go those of unloaded code that a profile has shown; then those where nothing was allocated since the last
// profile; and if that is not enough others of which nothing is alive, whatever is new in them: what is alive is what a leak is found by.
// What they allocated is not lost: it goes to one sample of the profile, MERGE_EVICTED (merge.h), so the sums of alloc_* stay what they
// are. A stack that allocates again begins anew. What the tables do not use goes back to the system and to the budget.
//
// When: after a snapshot, which has shown what is new; when a library was unloaded; and when somebody asks who looks once a second or so
// (cmemprof_make_room): a table that fills up between two profiles drops samples for that long at most. Not inside malloc, since taking a
// stack away means to look at all that is alive, and to wait until no sample is in the midst of it.
//
// Threads: outside of malloc only. Snapshots hold pointers to stacks, so nothing is taken away while there is one.
#ifndef CMEMPROF_RECLAIM_H
#define CMEMPROF_RECLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "profiler.h"

// The lock of all who walk the tables, and of what they note in them. Nobody takes it inside malloc.
void reclaim_lock(void);
bool reclaim_timed_lock(void); // For the program's threads. False: it was not to be had in a second
void reclaim_unlock(void);

// Takes away what need not stay. Holding the lock; nothing happens while there is a snapshot.
void reclaim_make_room(struct profiler *self);

// Adds up what is alive in the entries of all stacks (inuse_*). Holding the lock. Returns how many blocks.
uint64_t reclaim_add_up_alive(struct profiler *self);

// A snapshot that is begun, holding the lock, keeps all stacks in place until it ends.
void reclaim_snapshot_begins(void);
void reclaim_snapshot_ends(void); // takes the lock, and makes room

void reclaim_set_limit(struct profiler *self);
void reclaim_after_fork(void);

#endif
