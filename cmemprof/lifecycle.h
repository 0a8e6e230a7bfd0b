// lifecycle.h (control): opens and closes a profiler. The process's is opened by cmemprof_start and never closed, since a sample may be in
// flight in any thread.
//
// Threads: any, not inside malloc. Memory: that of the tables.
#ifndef CMEMPROF_LIFECYCLE_H
#define CMEMPROF_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"
#include "profiler.h"

// Opens the tables unless they are open, so that samples can be recorded. If memory runs out, nothing is left open.
enum cmemprof_error lifecycle_open(struct profiler *self);

// As cmemprof_start, whoever serves the process's malloc. sees_malloc: its calls come to the hooks; otherwise profiles say that they are
// not seen, and something else tells of blocks.
enum cmemprof_error lifecycle_start(struct profiler *self, uint64_t interval_bytes, bool sees_malloc);

// As it was before it was opened first. For tests. No thread may use the profiler any more, and no snapshot of it may exist.
void lifecycle_close(struct profiler *self);

#endif
