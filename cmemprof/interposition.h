// interposition.h: what stands between our malloc and libc's: how the process's calls come to ours, and how ours finds the one behind it.
//
// In a dynamically linked program the loader binds the name malloc to ours, since it looks in the program and in preloaded libraries first,
// and dlsym(RTLD_NEXT) finds the next one. In a fully static program (built with CMEMPROF_STATIC) the linker does both: with --wrap=malloc
// it turns calls of malloc into calls of __wrap_malloc, and __real_malloc is libc's.
//
// Threads: any; not inside malloc, but for interposition_next.
#ifndef CMEMPROF_INTERPOSITION_H
#define CMEMPROF_INTERPOSITION_H

#include <stdbool.h>

#include "namespace.h"

// The function of this name behind ours; NULL: there is none. Dynamic: dlsym, which may allocate.
void *interposition_next(const char *name);
// The function of that name in the object that holds this one, behind ours. NULL: that object has none.
void *interposition_next_in_object(const void *function, const char *name);

// Whether the process's malloc is ours. It is not in a plugin that was loaded late, nor where a sanitizer's allocator came first.
bool interposition_is_active(void);

#endif
