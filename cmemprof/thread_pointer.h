// thread_pointer.h (sample): the address of the thread's control block, which tells threads apart and is next to its thread-local data.
#ifndef CMEMPROF_THREAD_POINTER_H
#define CMEMPROF_THREAD_POINTER_H

#include <stdint.h>

// Threads: any, also inside malloc and in signal handlers.
static inline uintptr_t thread_pointer_get(void) {
#ifdef __x86_64__
    uintptr_t pointer; // gcc before 11 has no __builtin_thread_pointer here
    __asm__("movq %%fs:0, %0" : "=r"(pointer));
    return pointer;
#else
    return (uintptr_t)__builtin_thread_pointer();
#endif
}

#endif
