// profiler.h: the one profiler of the process, and the way of a sample through it.
//
//   sampler says yes -> profiler_begin -> the allocator behind, asked as the program asks -> profiler_finish (stack, totals, live table)
//   free -> profiler_may_know -> profiler_forget        realloc -> profiler_move_begin -> profiler_move_end
//
// Threads: any, also inside malloc and after fork; no lock that anybody waits for. The only memory is that of its tables and shards, all
// from mmap.
#ifndef CMEMPROF_PROFILER_H
#define CMEMPROF_PROFILER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "live_table.h"
#include "memory_budget.h"
#include "shard.h"
#include "stack_table.h"
#include "thread_state.h"
#include "unwind.h"

struct profiler {
    _Atomic uint64_t interval_bytes;      // 0: off
    _Atomic uint64_t last_interval_bytes; // of the last start: what samples were taken at, also when it is off now
    _Atomic bool open;                    // the tables exist; never false again
    struct memory_budget budget;
    struct stack_table stacks;
    struct live_table live;
    struct unwinder unwinder;
    struct shard *shards; // SHARDS of them
    // Counters, relaxed: what has no shard to count it.
    _Atomic uint64_t unsharded_samples, unsampled_nested, reclaimed_stacks, reclaimed_samples;
    // Odd while stacks are being taken away; goes up by one each time that begins and ends. A block that realloc has in hand is not in the
    // live table, so nobody sees that its stack is in use: should realloc fail, the block comes back only if none was taken away meanwhile.
    _Atomic uint64_t evictions;
};

// Hidden: the hooks of the preloaded library reach it without a look into the table of what other objects might define.
extern struct profiler profiler __attribute__((visibility("hidden")));

// Off: every allocation fails sampler_pass, so that a start is noticed at once, and this is the quick way on.
static inline bool profiler_is_off(void) {
    return atomic_load_explicit(&profiler.interval_bytes, memory_order_relaxed) == 0 && thread_state.interval_bytes == 0;
}

// After sampler_pass was false. The interval that the sample was drawn with: call profiler_finish with it when the allocation is made.
// 0: it is no sample.
uint64_t profiler_begin(size_t size);
// block NULL: the allocation failed, and is no sample. caller is the return address of the hook. frame is that of the function that calls
// this, which has pushed the frame pointer first of all; it may be the hook's own or one that the hook jumped to, and the compiler may have
// made another function of it, so its return address is compared with caller.
void profiler_finish(uint64_t interval_bytes, const void *block, size_t size, uintptr_t caller, const uintptr_t *frame);

// False: certainly neither a sampled block nor one that is not the allocator's (real_allocator.h).
static inline bool profiler_may_know(const void *block) {
    return live_table_may_hold(&profiler.live, block);
}

// A block that realloc may move: forgotten before, since the allocator may hand out its address again at once. It may have been no sample.
struct moving {
    struct live_sample sample;
    struct shard *shard; // held from begin to end; NULL: not a sample
    uint64_t evictions;  // of the profiler, at the beginning
};
void profiler_move_begin(const void *block, struct moving *moving);
// stayed: the block, which could not be moved, or NULL. With all shards taken at its begin it then counts as freed.
void profiler_move_end(const struct moving *moving, const void *stayed);

// Before a block that may be sampled goes back to the allocator.
static inline void profiler_forget(const void *block) {
    live_table_remove(&profiler.live, block, NULL);
}

// The profiler's own code on this thread: its allocations are not samples, and it does not enter itself. Nests.
static inline void profiler_enter(struct thread_state *thread) {
    thread->busy++;
}
static inline void profiler_leave(struct thread_state *thread) {
    thread->busy--;
}

#endif
