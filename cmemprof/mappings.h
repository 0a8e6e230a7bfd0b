// mappings.h (sample): notes what this process maps by mmap and its relatives, with the stacks that map it.
//
// The hooks (hook_mappings.c) write notes (mapping_log.h), which are applied to a map (mapped_ranges.h): once a second by the profiler's
// thread, with every snapshot, and by a hook when many wait. So mmap and munmap cost the program a note each, and the walk of a stack,
// which is mostly the thread's last one. Every mapping is noted; none is sampled.
//
// A hook that finds another thread at the map leaves its note; only if no note is free does it wait, a millisecond at most, and is then
// counted as lost.
//
// Known are mappings since the profiler's first start that are made through libc's functions by name. Those by raw system calls, by libc
// itself (threads' stacks, malloc's, loaded libraries) and while the profiler is stopped are not; the latter's effect on older ones is.
//
// Threads: any; also inside malloc, in signal handlers and after fork. Never waits for a lock.
#ifndef CMEMPROF_MAPPINGS_H
#define CMEMPROF_MAPPINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "profiler.h"

// Before the profiler's tables are made: what this thread maps from now on until mappings_open is the profiler's, and is noted as such.
void mappings_begin(struct profiler *self);
void mappings_abandon(struct profiler *self); // in the place of mappings_open, if they could not be made
// Once, at the profiler's start. allocator: a function of the real allocator. If memory runs out, no mapping is known, which counts as a
// loss.
void mappings_open(struct profiler *self, const void *allocator);

// What follows is for the hooks, and has no effect before mappings_open.

// Where a hook was called: its return address and its frame, as profiler_finish.
struct mapping_call {
    uintptr_t caller;
    machine_frame frame;
};

// For a library that is preloaded into a Go program, before main: its code, among which is the runtime's call of mmap.
void mappings_expect_go(struct profiler *self, uintptr_t text_start, uintptr_t text_end);
// After a call that has reserved address space without access.
void mappings_reserved(struct profiler *self, size_t size, const struct mapping_call *call);
// After the call: [low, low + size) was mapped, over whatever was there.
void mappings_added(struct profiler *self, uintptr_t low, size_t size, enum mapping_kind kind, const struct mapping_call *call);
// Before the call.
void mappings_removed(struct profiler *self, uintptr_t low, size_t size);
// Before mremap, and after it, with its sizes. stays: the old mapping does (MREMAP_DONTUNMAP, an old size of 0). new_low 0: it has failed.
uint32_t mappings_leaving(struct profiler *self, uintptr_t low, size_t size, bool stays);
void mappings_arrived(struct profiler *self, uint32_t mover, uintptr_t low, size_t size, uintptr_t new_low, size_t new_size,
                      const struct mapping_call *call);
void mappings_detached(struct profiler *self, uintptr_t low); // before shmdt
// After a call that has failed and may have unmapped something nevertheless, or has not unmapped what mappings_removed was told.
void mappings_doubted(struct profiler *self, bool lost);

#endif
