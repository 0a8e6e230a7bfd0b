// interposition.h (hook): how calls to malloc reach the hooks, and how the hooks find the real allocator.
//
// In a dynamically linked program the loader binds malloc to the hook, since it searches the program and preloaded libraries first, and
// dlsym(RTLD_NEXT) finds the next definition. In a fully static program (built with CMEMPROF_STATIC) the linker does both: --wrap=malloc
// turns calls to malloc into calls to __wrap_malloc, and __real_malloc is libc's.
//
// Threads: any. Not inside malloc, except interposition_next.
#ifndef CMEMPROF_INTERPOSITION_H
#define CMEMPROF_INTERPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// The next definition of the name after the hook. Returns NULL if there is none. Dynamic programs: dlsym, which may allocate.
void *interposition_next(const char *name);
// The next definition of the name if it is in the same object as function; otherwise NULL.
void *interposition_next_in_object(const void *function, const char *name);

// The addresses [*start, *end) of the object that contains the function. Returns false if it is unknown, or the object is this one.
bool interposition_other_object(const void *function, uintptr_t *start, uintptr_t *end);

// Returns true if the process's malloc is the hook. It is not in a plugin that was loaded late, nor if a sanitizer's allocator came first.
bool interposition_is_active(void);

#endif
