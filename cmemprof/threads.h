// threads.h (sample): notes who makes threads, and keeps the stacks of that in the stack table.
//
// The hook (hook_threads.c) calls threads_created once the real pthread_create has returned. It wraps nothing: the new thread runs what the
// program gave it. The program's pthread_t may be gone by then, as the new thread may free it, so it is read only where it cannot be: on
// the caller's own stack, and in the program's own data. Elsewhere the note is known by the start routine and its argument
// (thread_creators.h).
//
// Before the profiler's first start, and while it is stopped, a note has the caller's address, and no stack.
//
// Threads: any; threads_created also in signal handlers and after fork, and takes no lock.
#ifndef CMEMPROF_THREADS_H
#define CMEMPROF_THREADS_H

#include <stdint.h>

#include "namespace.h"
#include "mappings.h"

// After pthread_create(thread, ..., routine, argument) returned 0.
void threads_created(struct profiler *self, const uintptr_t *thread, uintptr_t routine, uintptr_t argument,
                     const struct mapping_call *call);
// Adds one to what is in use of each creating stack, so that it is not evicted. Caller must hold the reclaiming lock.
void threads_sum_live(struct profiler *self);

#endif
