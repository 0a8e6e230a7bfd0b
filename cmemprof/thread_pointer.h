// thread_pointer.h (sample): the address of the thread's control block, which tells threads apart and is next to its thread-local data.
#ifndef CMEMPROF_THREAD_POINTER_H
#define CMEMPROF_THREAD_POINTER_H

#include <stddef.h>
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

// Where the calling thread's data of the program is that has so much of it, aligned so: below the control block on amd64 (the last byte is
// next to it), above its two words on arm64 (ELF Handling For Thread-Local Storage, variants II and I).
static inline uintptr_t thread_pointer_to_data(size_t bytes, size_t alignment) {
#ifdef __x86_64__
    return thread_pointer_get() - (bytes + alignment - 1) / alignment * alignment;
#else
    (void)bytes;
    enum { CONTROL_BYTES = 16 };
    return thread_pointer_get() + (CONTROL_BYTES + alignment - 1) / alignment * alignment;
#endif
}

#endif
