// loaded_code.h (naming): the process's list of modules, kept current as objects are unloaded, and safe to query at any time.
//
// Threads: any, never inside malloc. Waits at most a second for another thread, then continues with what is known. Memory: that of
// modules.h.
#ifndef CMEMPROF_LOADED_CODE_H
#define CMEMPROF_LOADED_CODE_H

#include "namespace.h"
#include "profiler.h"

bool loaded_code_refresh(struct profiler *self); // returns false if memory runs out

// Refreshes only what stack walks need (code_objects.h).
void loaded_code_list_objects(struct profiler *self);

// Call around dlclose, on the calling thread. Before: records where the object lies, so that its samples can be symbolized later. After:
// retires the stacks that pass through it, so that code loaded there later is not mistaken for it.
void loaded_code_before_unload(struct profiler *self);
void loaded_code_after_unload(struct profiler *self);

// The generation (modules.h) of stacks that are not retired. Caller must hold the reclaiming lock (reclaim.h).
uint32_t loaded_code_generation(const struct profiler *self);

// Fork handlers. Before: waits up to a second until no thread is listing the loader's objects.
void loaded_code_before_fork(struct profiler *self);
void loaded_code_after_fork_in_parent(struct profiler *self);
void loaded_code_after_fork_in_child(struct profiler *self);

#endif
