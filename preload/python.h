// python.h: CPython in the program into which the library is preloaded.
//
// Threads: one, before main. Memory: none.
#ifndef CMEMPROF_PRELOAD_PYTHON_H
#define CMEMPROF_PRELOAD_PYTHON_H

#include <stdbool.h>

#include "../cmemprof/python_stack.h"

// Finds the interpreter among what the program and its libraries export. Returns false if there is none.
bool python_find(struct python_symbols *symbols);

#endif
