// lifecycle.h (control): opens and closes a profiler. The process's is opened by cmemprof_start and never closed, since a sample may be in
// flight in any thread.
//
// Threads: any, not inside malloc. Memory: that of the tables.
#ifndef CMEMPROF_LIFECYCLE_H
#define CMEMPROF_LIFECYCLE_H

#include "namespace.h"
#include "cmemprof.h"
#include "profiler.h"

// Opens the tables unless they are open, so that samples can be recorded. If memory runs out, nothing is left open.
enum cmemprof_error lifecycle_open(struct profiler *self);

// As it was before it was opened first. For tests. No thread may use the profiler any more, and no snapshot of it may exist.
void lifecycle_close(struct profiler *self);

#endif
