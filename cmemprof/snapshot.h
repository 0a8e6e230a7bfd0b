// snapshot.h: what the rest of the core needs of snapshots; cmemprof.h has the rest.
#ifndef CMEMPROF_SNAPSHOT_H
#define CMEMPROF_SNAPSHOT_H

#include "namespace.h"

// Called before an object is unloaded: notes where it lies, so that samples which point into it can still be named afterwards.
void snapshot_before_unload(void);

// Handlers of fork. Before: waits until nobody here is asking the loader for its objects, a second at most.
void snapshot_before_fork(void);
void snapshot_after_fork_in_parent(void);
void snapshot_after_fork_in_child(void);

#endif
