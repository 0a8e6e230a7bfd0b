// python_threads.h: the threads of the main interpreter, seen from a thread that is not Python's, without the GIL.
//
// Python's own list of thread states is followed while others add to it and take from it, so each step is checked: a state must say that it
// is this interpreter's. Where the list changes at that moment, the rest of it is passed over. Threads of subinterpreters are not seen.
//
// Threads: one. Memory: the caller's.
#ifndef CMEMPROF_PRELOAD_PYTHON_THREADS_H
#define CMEMPROF_PRELOAD_PYTHON_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../cmemprof/python_stack.h"

struct python_thread {
    uintptr_t state; // PyThreadState
    int32_t id;      // the kernel's
};

// Whether they can be seen: the interpreter is one of which the layout is known, and this process may be asked for a copy of its own memory
// (process_vm_readv), since what is another thread's may be gone at any moment.
bool python_threads_are_seen(const struct python *python);

// Whether the state is still that of this thread. The reader has copies, and has begun.
bool python_threads_is(const struct python *python, struct python_reader *reader, const struct python_thread *thread);

// Returns how many it found, at most capacity; none while the interpreter ends. The reader has copies, and has begun.
size_t python_threads_list(const struct python *python, struct python_reader *reader, struct python_thread *threads, size_t capacity);

#endif
