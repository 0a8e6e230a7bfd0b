// python_context.h (sample): the value that a variable of Python's contextvars has in a thread's context.
//
// A context is a tree of nodes that never change (Python/hamt.c): who sets a variable puts another root in its place. A thread is in a
// context of its own, so what it has is there as long as it does not go on, with or without the GIL.
//
// Threads: any, about itself, also in signal handlers; about others with copies. Memory: none.
#ifndef CMEMPROF_PYTHON_CONTEXT_H
#define CMEMPROF_PYTHON_CONTEXT_H

#include <stdint.h>

#include "namespace.h"
#include "python_stack.h"

// thread: the state. Returns 0 if the variable is not set there, or something could not be read: then the reader has failed.
uintptr_t python_context_value(const struct python *python, struct python_reader *reader, uintptr_t thread, uintptr_t variable);

#endif
