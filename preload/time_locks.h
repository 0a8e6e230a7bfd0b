// time_locks.h: which acquisitions of a lock are none for who looks for locks.
//
// Who waits for a thread's end, or to be notified, acquires a lock that another thread releases for that. A semaphore is a lock that is
// made of these.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_PRELOAD_TIME_LOCKS_H
#define CMEMPROF_PRELOAD_TIME_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "../cmemprof/python_names.h"

// words: the stack of who acquires it, of Python's frames, the innermost first.
bool time_locks_is_none(const struct python_names *names, const uintptr_t *words, uint32_t depth);

#endif
