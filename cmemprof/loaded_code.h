// loaded_code.h: the list of modules of this process, kept up to date as objects are unloaded, and safe to ask at any time.
//
// Threads: any, none from inside malloc. Nobody waits longer than a second for another one here, and goes on with what is known. Memory:
// that of modules.h.
#ifndef CMEMPROF_LOADED_CODE_H
#define CMEMPROF_LOADED_CODE_H

#include "namespace.h"
#include "modules.h"

extern struct modules loaded_modules; // finding needs no lock

bool loaded_code_refresh(void); // False: no memory

// What walks of stacks need of it (code_objects.h).
void loaded_code_list_objects(void);

// Around dlclose, on the thread that calls it. Before: notes where the object lies, so that samples that point into it can be named
// afterwards. After: retires the stacks that go through it, so that code which comes to lie there is not taken for it.
void loaded_code_before_unload(void);
void loaded_code_after_unload(void);

// The generation (modules.h) that stacks belong to which are not retired. Holding reclaim.h's lock.
uint32_t loaded_code_generation(void);

// Handlers of fork. Before: waits until nobody here is asking the loader for its objects, a second at most.
void loaded_code_before_fork(void);
void loaded_code_after_fork_in_parent(void);
void loaded_code_after_fork_in_child(void);

#endif
