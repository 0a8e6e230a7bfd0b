// profiler.h (sample): the profiler's state, and the path of a sample through it.
//
//   profiler_pass: false -> profiler_begin -> the program's call of the real allocator -> profiler_finish (stack, totals, live table)
//   free -> profiler_may_know -> profiler_forget
//   realloc -> profiler_move_begin -> profiler_move_end
//
// One struct holds all state but what is the process's by nature: the hooks and the real allocator, each thread's state (thread_state.h),
// the loader's objects (code_objects.h). The hooks are bound to one profiler, `profiler`, so that the path of a sample has its addresses as
// constants; every other function takes its profiler, and a test may have several.
//
// The parts of the struct belong to the files named there. These include each other in one direction, which scripts/check holds:
//
//   hook, lifecycle -> memory_profile -> snapshot_encode, cpu_profile -> snapshot, cpu_traceback -> loaded_code -> reclaim -> mappings ->
//   profiler -> the tables, the unwinder
//
// Threads: any, also inside malloc and after fork; these never wait for a lock. Memory: the tables and shards, all from mmap.
//
// Its locks and their order are in lock_order.h; none is taken inside malloc or a signal handler. A forked child initialises all of them
// anew.
#ifndef CMEMPROF_PROFILER_H
#define CMEMPROF_PROFILER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "age.h"
#include "cpu_samples.h"
#include "cpu_threads.h"
#include "go_labels.h"
#include "lifetimes.h"
#include "live_table.h"
#include "mapping_log.h"
#include "mapped_buffer.h"
#include "memory_budget.h"
#include "modules.h"
#include "python_stack.h"
#include "range_map.h"
#include "resident_go.h"
#include "sampler.h"
#include "shard.h"
#include "stack_table.h"
#include "thread_creators.h"
#include "thread_state.h"
#include "unwind.h"
#include "usdt.h"

// Of reclaim.c: what keeps the tables within their budget.
struct reclaim {
    pthread_mutex_t lock;              // LOCK_RECLAIMING; all zeros is an unlocked mutex, also below
    unsigned snapshots;                // that exist; guarded by lock, as are the following
    struct stack_level *unused_levels; // of the index, possibly still in use by other threads
    struct stack_level *unused_levels_of_sets;
    _Atomic size_t settled_bytes; // in use when memory was last short
    _Atomic uint64_t settled_refusals;
    _Atomic uint64_t settled_set_refusals; // of sets of labels
    _Atomic uint64_t wanted_limit;         // 0: a share of resident memory
    bool mappings_summed;                  // by the last sum of what is live: without them nothing may be evicted. Guarded by lock
};

// Of loaded_code.c: the code that stacks lead through.
struct loaded_code {
    pthread_mutex_t lock;         // LOCK_LISTING
    struct modules modules;       // lookups need no lock
    uint32_t retired_generations; // of the modules that ended and whose stacks are retired: behind the modules for a moment. Guarded by
                                  // the reclaiming lock
};

// Of snapshot.c: what was lost up to the last profile. Guarded by the reclaiming lock.
struct lost_samples {
    uint64_t samples, followable, lost_live, dropped;
};

// Of snapshot_encode.c.
struct naming {
    pthread_mutex_t lock;    // LOCK_NAMING
    struct symbols *symbols; // guarded by lock; NULL: nothing was symbolized yet
};

// Of cpu_traceback.c.
enum { CPU_SCRATCHES = 32, CPU_NAMES = 32, CPU_NAME_BYTES = 288 };

struct cpu_scratch {
    _Atomic bool busy;
    struct unwind_trail trail;
};

struct cpu_traceback {
    _Atomic bool on;
    struct cpu_scratch *_Atomic scratches; // CPU_SCRATCHES; NULL: never on
    // Relaxed counters of stacks since the process started.
    _Atomic uint64_t stacks, left_out, busy; // busy: nothing was given, since all scratches were in use
    _Atomic uint64_t ends[UNWIND_END_COUNT];
    // What the symbolizer returned last.
    _Atomic unsigned next_name;
    char names[CPU_NAMES][CPU_NAME_BYTES];
};

// Of cpu_unsampled.c.
enum { CPU_MACHINE_WORDS = 448 };

struct cpu_unsampled {
    _Atomic bool is_recording;
    _Atomic uint32_t epoch;     // number of the profile
    _Atomic unsigned in_flight; // signal handlers that write a sample
    struct cpu_samples samples;
    struct cpu_threads threads;
    _Atomic uint64_t timer_signals, timer_overruns; // of the timers of Go's threads; overruns: expired again before the signal came
    bool is_ready;                                  // for this profile
    // Where Go keeps the thread's g, its m, and m.profilehz; valid if found, known, and confirmed by a stop.
    bool is_found, is_hz_known, is_confirmed, was_hz;
    uintptr_t g_from_thread; // from the thread pointer
    size_t machine_offset, hz_index;
    bool was_zero[CPU_MACHINE_WORDS]; // of the m of the thread that begins
    uint64_t period_ns;
    struct mapped_buffer go_pcs;
};

// Of memory_profile.c.
struct memory_taking {
    pthread_mutex_t lock;    // taking
    struct resident_go go;   // guarded by lock, as is the following
    uint64_t routine_offset; // in a thread's descriptor (memory_profile_threads.c); 0: unknown
};

// Of mappings.c and mapped_ranges.c.
enum { MAPPINGS_LEAVING = 64 };
struct mappings {
    _Atomic bool open; // never false again
    struct mapping_log log;
    _Atomic(const struct thread_state *) opener;  // who makes the tables; NULL: nobody
    _Atomic(const struct thread_state *) applier; // who has the map; NULL: nobody
    _Atomic bool stuck;                           // a wait for it timed out
    _Atomic bool doubted;                         // the map may have ranges that are gone
    _Atomic uint32_t numbers;                     // of calls of mremap and of segments
    _Atomic uint64_t lost, nameless;              // relaxed counters, see mappings.h
    _Atomic uint64_t walked_second, walked;       // new stacks in that second
    uintptr_t allocator_start, allocator_end;     // the real allocator's object; both 0: unknown
    uintptr_t go_start, go_end;                   // code of a Go program into which this is preloaded; both 0: none
    _Atomic uintptr_t go_maps_at;                 // return address of the call by which its runtime maps; 0: not seen
    // The applier's.
    struct range_map map;
    struct mapping_leaving { // what mremap is about to move
        uintptr_t low, high;
        uint32_t mover;
        uint8_t kind, owner;
    } leaving[MAPPINGS_LEAVING]; // oldest first
    uint32_t leaving_count;
    // What was mapped at one stack and is not yet in its totals: mappings often come from one stack in a row.
    struct stack *pending_stack;
    double pending_objects, pending_bytes;
};

// Of peak.c: the live stacks at one moment.
struct peak {
    struct mapped_buffer memory;       // copies of the stacks, one behind the other; charged to the budget
    size_t size_bytes;                 // used of it
    double bytes;                      // all that was live
    double other_objects, other_bytes; // of this, at stacks that were left out
    uint64_t rss_bytes;                // of the process; 0: unknown
    int64_t time_ns;                   // since 1970; 0: there was no such moment yet
    uint32_t at_s;                     // of the clock of ages
};

// Guarded by the reclaiming lock.
struct peaks {
    struct peak live, rss;    // of live C memory and of RSS since the last start
    uint64_t next_look_ns;    // not before
    _Atomic bool are_copying; // in a forked child: what was being copied is lost
};

// All zeros: never opened.
struct profiler {
    _Atomic uint64_t interval_bytes;      // 0: off
    struct sampler sampler;               // follows interval_bytes
    _Atomic uint64_t last_interval_bytes; // of the last start: what samples were drawn with, also when off now
    _Atomic uint64_t before_start_bytes;  // in use when the tables were opened, of which nothing was sampled; 0: unknown
    _Atomic bool open;                    // the tables exist; of the process's never false again
    _Atomic bool lacks_malloc;            // its calls do not come to the hooks: the library was loaded late (lifecycle_start)
    struct age_clock clock;
    struct memory_budget budget;
    struct stack_table stacks;
    struct live_table live;
    struct unwinder unwinder;
    struct go_labels go_labels;
    _Atomic int labels_missing;   // enum cmemprof_go_labels: why labels are not read
    _Atomic bool labels_unwanted; // all of them
    struct label_sets labels;     // open if go_labels are known
    struct python python;
    struct shards shards;
    struct lifetimes shared_lifetimes; // of what threads without a shard of their own freed
    // Relaxed counters of what has no shard.
    _Atomic uint64_t unsharded_samples, unsampled_nested, reclaimed_stacks, reclaimed_samples;
    // Odd while an eviction is in progress; incremented when one begins and ends. A block inside realloc is not in the live table, so its
    // stack looks unused: if realloc fails, the block is re-added only if no eviction happened meanwhile.
    _Atomic uint64_t evictions;
    uint64_t clock_cost_ns;   // set once, before the first sample
    pthread_mutex_t starting; // LOCK_STARTING
    struct reclaim reclaim;
    struct loaded_code code;
    struct lost_samples last_profile;
    struct naming naming;
    struct mappings mappings;
    _Atomic uint64_t made_threads; // relaxed counter of the hook's: by pthread_create
    struct thread_creators creators;
    struct peaks peaks;
    struct memory_taking memory;
    struct cpu_traceback cpu;
    struct cpu_unsampled unsampled;
};

// The process's, which the hooks are bound to. Hidden: hooks of the preloaded library reach it without a GOT lookup.
extern struct profiler profiler __attribute__((visibility("hidden")));

// Returns true if the allocation is not sampled.
static inline bool profiler_pass(size_t size) {
    return sampler_pass(&profiler.sampler, &thread_state, size);
}

// For an allocator that takes blocks from malloc or cuts them out of memory of its own: whether malloc has counted an allocation of this
// thread since.
struct profiler_count {
    uint64_t left_bytes;
    uint32_t begun;
};
static inline struct profiler_count profiler_counted(void) {
    uintptr_t chosen = atomic_load_explicit(&profiler.sampler.chosen, memory_order_relaxed);
    return (struct profiler_count){*(volatile uint64_t *)&thread_state.left_bytes[chosen], *(volatile uint32_t *)&thread_state.begun};
}
static inline bool profiler_has_counted(struct profiler_count before) {
    struct profiler_count now = profiler_counted();
    return now.left_bytes != before.left_bytes || now.begun != before.begun;
}

// Call after profiler_pass returned false. Returns the interval that the sample was drawn with, for profiler_finish once the allocation is
// made; 0: not a sample.
uint64_t profiler_begin(size_t size);
// block NULL: the allocation failed and is no sample. caller is the hook's return address. frame is the frame of this function's caller,
// which must push the frame pointer first. It may be the hook's own or one that the hook jumped to, and the compiler may have split it into
// another function, so its return address is compared with caller.
void profiler_finish(uint64_t interval_bytes, const void *block, size_t size, uintptr_t caller, machine_frame frame);

// A sample in flight, as profiler_finish gets it.
struct sampling {
    uint64_t interval_bytes; // that it was drawn with
    const void *block;
    size_t size;
    uintptr_t caller; // the return address of the hook
    machine_frame frame;
};
// Records it in any shard that is free: the general path, without what profiler_finish assumes. thread is the caller's state in this
// profiler.
void profiler_record(struct profiler *self, struct thread_state *thread, struct sampling sampling);

// ---- sample_stack.c: the entry for a stack, with the labels of its goroutine. Also inside malloc; the caller holds the shard ----

// The labels of the goroutine that the thread runs, if the memo's stack is its own. is_same: as the shard's last sample.
struct stack *sample_labels(struct profiler *self, struct shard *shard, struct thread_state *thread, bool is_same);

// Puts Python's frames into the memo's stack, if there is Python. Returns whether the whole is that of the shard's last sample, as is_same
// says of the memo's.
bool sample_python_frames(struct profiler *self, struct shard *shard, bool is_same);
static inline bool sample_python(struct profiler *self, struct shard *shard, bool is_same) {
    return atomic_load_explicit(&self->python.is_there, memory_order_acquire) ? sample_python_frames(self, shard, is_same) : is_same;
}

// Makes the entry for the memo's stack with these labels the shard's. is_same: as the shard's last sample.
void sample_stack_change(struct profiler *self, struct shard *shard, enum stack_source source, struct stack *labels, bool is_same);

// The entry for the stack in the shard's memo. Call after each walk. is_same: it is the one that the memo held before. Returns NULL if the
// table is full.
static inline __attribute__((always_inline)) struct stack *
sample_stack(struct profiler *self, struct shard *shard, struct thread_state *thread, enum stack_source source, bool is_same) {
    struct stack *labels = NULL;
    if (atomic_load_explicit(&self->go_labels.are_known, memory_order_acquire) &&
        !atomic_load_explicit(&self->labels_unwanted, memory_order_relaxed)) {
        labels = sample_labels(self, shard, thread, is_same);
    }
    is_same = sample_python(self, shard, is_same);
    bool is_last = is_same && shard->stack && shard->stack->source == source && shard->stack_labels == labels &&
                   atomic_load_explicit(&shard->stack->retired, memory_order_relaxed) == 0;
    if (!__builtin_expect(is_last, 1)) {
        sample_stack_change(self, shard, source, labels, is_same);
    }
    return shard->stack;
}

// ---- The clock, free and realloc ----

// Sets clock_cost_ns. Call before the first sample.
void profiler_measure_clock(struct profiler *self);

// Returns false if the block is certainly neither sampled nor from the bootstrap arena (real_allocator.h).
static inline bool profiler_may_know(const void *block) {
    return live_table_may_hold(&profiler.live, block);
}

// A block that realloc may move. It is forgotten first, since the real allocator may reuse its address at once. It may not be a sample.
struct moving {
    struct live_sample sample;
    struct shard *shard; // held from begin to end; NULL: not a sample
    uint64_t evictions;  // of the profiler, at begin
};
void profiler_move_begin(const void *block, struct moving *moving);
// stayed: the block if it could not be moved, or NULL. If no shard was free at begin, the block counts as freed.
void profiler_move_end(const struct moving *moving, const void *stayed);

void profiler_forget_old(const void *block); // and counts its lifetime

// Call before a block that may be sampled returns to the real allocator. Lifetimes below a second are not counted (lifetimes.h).
static inline void profiler_forget(const void *block) {
    if (live_table_remove_young(&profiler.live, block, age_now(&profiler.clock))) {
        usdt_tell_free(block);
    } else {
        profiler_forget_old(block);
    }
}

// The clock of ages: starts it at 0, before the first sample; advances it to the present. Not inside malloc.
void profiler_start_clock(struct profiler *self);
void profiler_advance_clock(struct profiler *self);

// Marks the profiler's own code on this thread: its allocations are not sampled and it is not re-entered. Nests.
//
// Not checked for NULL by UBSan: gcc 12 takes the flags of `add x@gottpoff(%rip), %rax` for the check of &thread_state, and ld makes that a
// lea, which sets none.
#define UNCHECKED __attribute__((no_sanitize("undefined")))
static inline UNCHECKED void profiler_enter(struct thread_state *thread) {
    thread->busy++;
}
static inline UNCHECKED void profiler_leave(struct thread_state *thread) {
    thread->busy--;
}

#endif
