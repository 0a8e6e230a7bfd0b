// profiler.h: the one profiler of the process, and what it does with a sampled allocation.
//
// Threads: any, also inside malloc and after fork; no lock. The only memory is that of its tables and scratch buffers, all from mmap.
#ifndef CMEMPROF_PROFILER_H
#define CMEMPROF_PROFILER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "live_table.h"
#include "stack_table.h"
#include "thread_state.h"
#include "unwind.h"

// A stack of 512 frames takes 4 KiB, the whole budget of a hook on the caller's stack (a goroutine's signal stack has 32 KiB, a small
// thread 16). So it is put together in one of these. A thread holds one for about a microsecond; with none free the sample is lost and
// counted.
enum { PROFILER_SCRATCH_BUFFERS = 64 };

struct profiler {
    _Atomic uint64_t interval_bytes; // 0: off
    _Atomic bool open;               // the tables exist; never false again
    struct stack_table stacks;
    struct live_table live;
    struct unwinder unwinder;
    uintptr_t (*scratch)[UNWIND_MAX_FRAMES];
    _Atomic uint64_t scratch_taken; // one bit a buffer
    // Counters, relaxed.
    _Atomic uint64_t samples, lost_stacks, lost_live, unsampled_nested;
    _Atomic uint64_t ends[UNWIND_END_COUNT];
};

extern struct profiler profiler;

// Records an allocation that is about to be given to the program. caller: the return address of the hook. markable: block's address is one
// that free() looks up; if not, only the allocation counts and its block is never seen alive.
void profiler_record(struct profiler *self, struct thread_state *thread, const void *block, size_t size, uint64_t interval_bytes,
                     uintptr_t caller, bool markable);

// The profiler's own code on this thread: its allocations are not samples, and it does not enter itself. Nests.
static inline void profiler_enter(struct thread_state *thread) {
    thread->busy++;
}
static inline void profiler_leave(struct thread_state *thread) {
    thread->busy--;
}

#endif
