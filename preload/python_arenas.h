// python_arenas.h: keeps the arenas of Python's objects mapped while somebody reads objects without the GIL.
//
// Who has no GIL may find that another thread has freed what it reads. If the memory stays mapped that is no harm: what is read is
// probed and checked (python_read.h). Only the end of an arena takes memory away, and that goes through us (python_objects.h).
//
// Threads: hold and release by any, also in signal handlers: they wait for nobody. free by who has a GIL: if somebody reads, it waits until
// that has ended, a millisecond if they have a processor, and 0.1 s at most; then the arena stays mapped. Who reads on after that is not
// waited for again. Memory: none.
#ifndef CMEMPROF_PRELOAD_PYTHON_ARENAS_H
#define CMEMPROF_PRELOAD_PYTHON_ARENAS_H

#include <stdbool.h>
#include <stddef.h>

#include "python_objects.h"

// Objects of up to 512 bytes are in arenas, and all arenas are freed by python_arenas_free from now on.
void python_arenas_are_ours(void);

// False: arenas are not ours, or one is being freed. Else python_arenas_release must follow.
bool python_arenas_hold(void);
void python_arenas_release(void);

void python_arenas_free(const struct python_arenas *real, void *base, size_t size);
void python_arenas_after_fork_in_child(void); // others that held them are not there

#endif
