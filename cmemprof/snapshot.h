// snapshot.h: what the rest of the core needs of snapshots; cmemprof.h has the rest.
#ifndef CMEMPROF_SNAPSHOT_H
#define CMEMPROF_SNAPSHOT_H

#include "namespace.h"

// Called before an object is unloaded: notes where it lies, so that samples which point into it can still be named afterwards.
void snapshot_before_unload(void);

// In the child of a fork: the lock may have been another thread's.
void snapshot_after_fork(void);

#endif
