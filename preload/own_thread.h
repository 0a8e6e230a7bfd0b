// own_thread.h: threads of the library's in the program. They block all signals, so the program's handlers never run on them, and what libc
// allocates for them is not the program's.
//
// Threads: any, not inside malloc; own_thread_is also in signal handlers. Memory: the threads' stacks.
#ifndef CMEMPROF_PRELOAD_OWN_THREAD_H
#define CMEMPROF_PRELOAD_OWN_THREAD_H

#include <stdbool.h>
#include <stdint.h>

enum { OWN_THREADS = 4 };

bool own_thread_start(void *(*run)(void *context), void *context); // detached; false: there can be none
bool own_thread_is(int32_t id);
uint64_t own_threads_cpu_ns(void);          // of those that run, and of those that have ended
void own_threads_after_fork_in_child(void); // it has none

#endif
