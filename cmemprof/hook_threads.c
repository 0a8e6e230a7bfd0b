// hook_threads.c (hook): pthread_create, as bound in the whole process: who made each thread, for the memory of thread stacks.
//
// libc gets exactly the program's call, so the new thread runs the program's function with libc's own cleanup around it. What was made is
// noted afterwards (threads.h). C11's thrd_create, and what libc makes threads for, do not come here.
//
// Takes no lock, allocates nothing, prints nothing, never calls Go.

#include "hook_names.h"

#ifndef HOOKS_ARE_LEFT_OUT

#include <pthread.h>

#include "real_allocator.h"
#include "threads.h"

_Static_assert(sizeof(pthread_t) == sizeof(uintptr_t), "it is the descriptor's address");

__attribute__((visibility("default"), used)) int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                                                void *(*routine)(void *), void *argument) {
    int error = real_allocator.pthread_create(thread, attributes, routine, argument);
    if (error == 0) {
        const struct mapping_call call = {(uintptr_t)__builtin_return_address(0), MACHINE_FRAME};
        threads_created(&profiler, (const uintptr_t *)(const void *)thread, (uintptr_t)routine, (uintptr_t)argument, &call);
    }
    return error;
}

#endif
