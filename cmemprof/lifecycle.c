// lifecycle.c (control): start, stop, and what a fork leaves.

#include "lifecycle.h"

#include <pthread.h>
#include <string.h>

#include "allocator_stats.h"
#include "code_objects.h"
#include "cpu_traceback.h"
#include "cpu_unsampled.h"
#include "interposition.h"
#include "loaded_code.h"
#include "lock_order.h"
#include "mapped_ranges.h"
#include "mappings.h"
#include "peak.h"
#include "memory_profile.h"
#include "real_allocator.h"
#include "reclaim.h"
#include "sampler.h"
#include "snapshot.h"
#include "symbols.h"

// ---- Start and stop ----

_Static_assert((int)SHARDS == (int)LIVE_TABLE_PARTS && (int)SHARDS <= (int)BLOCK_FILTER_TAGS, "each shard has a part of the table");

// Closes those that are open. After a start that failed the live table is not: it comes last, as free() reads its filter from then on.
static void close_tables(struct profiler *self) {
    live_table_close(&self->live);
    label_sets_close(&self->labels);
    stack_table_close(&self->stacks);
    shards_close(&self->shards);
}

static bool open_tables(struct profiler *self) {
    reclaim_set_limit(self);
    bool opened = shards_open(&self->shards) && stack_table_open(&self->stacks, &self->budget, NULL) &&
                  live_table_open(&self->live, &self->budget, bootstrap_fill);
    if (!opened) {
        close_tables(self);
    }
    return opened;
}

// The first call of a function must not run lazy binding inside malloc. So everything that a sample calls is called once here.
static void bind_early(struct profiler *self) {
    struct thread_state nobody = {.shard = SHARDS_OWNED + 1};
    struct sampler always = {0};
    sampler_set(&always, CMEMPROF_DEFAULT_INTERVAL_BYTES);
    struct live_sample sample = {.weight = live_table_weight(sampler_weight(1, CMEMPROF_DEFAULT_INTERVAL_BYTES))};
    const void *block = (const void *)4096; // the first pages are never mapped
    struct shard *shard = shards_take(&self->shards, &nobody);
    sampler_take(&always, &nobody, 1);
    profiler_measure_clock(self);
    if (shard) {
        unwind_stack_from_here(&self->unwinder, &nobody, (uintptr_t)__builtin_return_address(0), &shard->memo);
        shard->memo.depth_frames = 0;
        if (live_table_add(&self->live, (unsigned)(shard - self->shards.items), block, &sample)) {
            live_table_remove(&self->live, block, &sample);
        }
        shard_release(shard);
    }
}

static enum cmemprof_error open_once(struct profiler *self) {
    if (atomic_load(&self->open)) {
        return CMEMPROF_OK;
    }
    mappings_begin(self);
    if (!open_tables(self)) {
        mappings_abandon(self);
        return CMEMPROF_NO_MEMORY;
    }
    loaded_code_list_objects(self);
    atomic_store(&self->before_start_bytes, allocator_stats_in_use());
    sampler_open();
    profiler_start_clock(self);
    bind_early(self);
    mappings_open(self, *(void **)&real_allocator.malloc);
    atomic_store(&self->open, true);
    return CMEMPROF_OK;
}

enum cmemprof_error lifecycle_open(struct profiler *self) {
    lock_take(&self->starting, LOCK_STARTING);
    enum cmemprof_error error = open_once(self);
    lock_release(&self->starting, LOCK_STARTING);
    return error;
}

void lifecycle_close(struct profiler *self) {
    reclaim_close(self);
    mapped_ranges_close(self);
    peak_forget(self);
    cpu_traceback_close(self);
    cpu_unsampled_close(self);
    close_tables(self);
    modules_free(&self->code.modules);
    symbols_free(self->naming.symbols);
    memset(self, 0, sizeof *self);
}

// Repeated if another thread has started or stopped meanwhile.
static void tell_sampler(struct profiler *self) {
    uint64_t interval_bytes;
    do {
        interval_bytes = atomic_load(&self->interval_bytes);
        sampler_set(&self->sampler, interval_bytes);
    } while (atomic_load(&self->interval_bytes) != interval_bytes);
}

// 0: off.
static void set_interval(struct profiler *self, uint64_t interval_bytes) {
    atomic_store(&self->interval_bytes, interval_bytes);
    tell_sampler(self);
}

// ---- Fork ----

static void add_samples(struct stack *stack, void *context) {
    *(uint64_t *)context += stack_samples(stack);
}

// Samples of other threads in flight at the fork are nobody's in the child and count as lost there, as do those of a stack whose eviction
// was in progress.
static void balance_after_fork(struct profiler *self) {
    uint64_t accounted = self->stacks.evicted[STACK_OF_BLOCKS].samples, samples = 0;
    shards_settle(&self->shards, SHARDS_ALL, shard_forget);
    stack_table_each(&self->stacks, add_samples, &accounted);
    for (struct shard *shard = NULL; (shard = shards_next(&self->shards, shard));) {
        accounted += atomic_load(&shard->lost_stacks);
        samples += atomic_load(&shard->samples);
    }
    if (samples > accounted) {
        shard_count(&shards_next(&self->shards, NULL)->lost_stacks, samples - accounted);
    }
}

// The child has one thread, and what others held is held for ever. The lock-free tables need nothing. Random numbers must diverge from the
// parent's and the next sample be redrawn, or all children of one parent would sample alike.
static void after_fork(struct profiler *self) {
    bool was_evicting = (atomic_load(&self->evictions) & 1) != 0;
    lock_after_fork(&self->starting, LOCK_STARTING);
    loaded_code_after_fork_in_child(self);
    snapshot_after_fork_in_child(self);
    memory_profile_after_fork_in_child(self);
    cpu_traceback_after_fork_in_child(self);
    cpu_unsampled_after_fork_in_child(self);
    code_objects_after_fork_in_child();
    reclaim_after_fork(self);
    mapped_ranges_after_fork_in_child(self);
    peak_after_fork(self);
    // Forked by a signal handler inside a sample: its shard stays held, so that the sample can finish.
    if (atomic_load(&self->open) && thread_state.busy == 0 && (!shards_after_fork(&self->shards) || was_evicting)) {
        balance_after_fork(self);
    }
    tell_sampler(self); // another thread may have been about to
    sampler_forget(&thread_state);
}

// Only the process's profiler lives on in a child.
static void before_fork_of_process(void) {
    loaded_code_before_fork(&profiler);
    mapped_ranges_before_fork(&profiler);
}

static void after_fork_in_parent_of_process(void) {
    mapped_ranges_after_fork_in_parent(&profiler);
    loaded_code_after_fork_in_parent(&profiler);
}

static void after_fork_in_child_of_process(void) {
    after_fork(&profiler);
}

// Registered before there are threads: a fork during another thread's first start must leave a usable child.
static __attribute__((constructor)) void watch_forks(void) {
    pthread_atfork(before_fork_of_process, after_fork_in_parent_of_process, after_fork_in_child_of_process);
}

// ---- The interface ----

// Before sampling starts anew.
static void begin_if_off(struct profiler *self, uint64_t interval_bytes) {
    profiler_advance_clock(self);
    if (atomic_load(&self->interval_bytes) == 0 && interval_bytes != 0) {
        reclaim_lock(self);
        peak_forget(self);
        reclaim_unlock(self);
    }
}

enum cmemprof_error lifecycle_start(struct profiler *self, uint64_t interval_bytes, bool sees_malloc) {
    enum cmemprof_error error = lifecycle_open(self);
    if (error == CMEMPROF_OK) {
        atomic_store(&self->lacks_malloc, !sees_malloc);
        begin_if_off(self, interval_bytes);
        if (interval_bytes != 0) {
            atomic_store(&self->last_interval_bytes, interval_bytes);
        }
        set_interval(self, interval_bytes);
    }
    return error;
}

enum cmemprof_error cmemprof_start(uint64_t interval_bytes) {
    // The process's malloc must be in the same object as this code; in a plugin that was loaded late it is not.
    return interposition_is_active() ? lifecycle_start(&profiler, interval_bytes, true) : CMEMPROF_NOT_BOUND;
}

void cmemprof_stop(void) {
    set_interval(&profiler, 0);
}

bool cmemprof_make_room(void) {
    profiler_enter(&thread_state); // what it maps is the profiler's
    profiler_advance_clock(&profiler);
    peak_look(&profiler);
    bool evicted = reclaim_make_room(&profiler);
    profiler_leave(&thread_state);
    return evicted;
}

const char *cmemprof_error_text(enum cmemprof_error error) {
    static const char *const texts[CMEMPROF_ERROR_COUNT] = {
        [CMEMPROF_OK] = "ok",
        [CMEMPROF_NO_MEMORY] = "no memory for the profiler's tables",
        [CMEMPROF_NOT_BOUND] =
            "this program's malloc is not the profiler's: it has one of its own, the profiler was loaded late, or a sanitizer came first",
        [CMEMPROF_BAD_NAMES] = "the names of the Go addresses are inconsistent",
        [CMEMPROF_ENCODING] = "the profile could not be written",
    };
    return error >= 0 && error < CMEMPROF_ERROR_COUNT ? texts[error] : "unknown error";
}
