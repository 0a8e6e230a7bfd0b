// profiler.c (sample): the path of a sample; start and stop.

#include "profiler.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "cmemprof.h"
#include "code_objects.h"
#include "interposition.h"
#include "loaded_code.h"
#include "real_allocator.h"
#include "page_residency.h"
#include "reclaim.h"
#include "sampler.h"
#include "snapshot.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define INLINE static inline __attribute__((always_inline))

__thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));
struct profiler profiler = {.live = LIVE_TABLE_CLOSED};

// One sample in this many is timed, and stands for those since the previous one. A shard's first samples are timed more often (number 0, 1,
// 3, 7, ...), since few threads take thousands and caches are cold then.
//
// By the clock, which the vDSO reads in 20 ns. The thread's CPU time takes a system call, after which a sample runs cold: it seemed to take
// 600 ns where 30 were true. A sample that took longer than SUSPENDED_NS had lost the processor: the next timed one stands for it, too.
enum { TIMED_SAMPLES = 1024, SUSPENDED_NS = 50 * 1000 };
static uint64_t clock_cost_ns; // set once, before the first sample

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// No lock, no allocation; preserves errno.
static uint64_t now_ns(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// ---- A sampled allocation ----

uint64_t profiler_begin(size_t size) {
    struct thread_state *thread = &thread_state;
    uint64_t now = atomic_load_explicit(&profiler.interval_bytes, memory_order_relaxed);
    if (LIKELY(thread->busy == 0)) {
        return sampler_take(thread, size, now);
    }
    if (!profiler_is_off()) {
        // A sampling event hit the profiler's own allocation: drop it and draw the next.
        count(&profiler.unsampled_nested);
        sampler_next(thread, thread->interval_bytes);
    }
    return 0;
}

// A sample in flight.
struct sampling {
    uint64_t interval_bytes; // that it was drawn with
    const void *block;
    size_t size;
    uintptr_t caller;       // the return address of the hook
    const uintptr_t *frame; // see profiler_finish
};

// Where a sample is recorded.
struct target {
    struct thread_state *thread;
    struct shard *shard;
    unsigned part;                // of the live table: the shard's
    struct block_counts *counted; // the filter that has counted the block
};

// Returns NULL if the stack table is full.
INLINE struct stack *capture_stack(struct profiler *self, const struct target *target, const struct sampling *sampling) {
    struct shard *shard = target->shard;
    const uintptr_t *frame = sampling->frame;
    struct unwind_start start = {.pc = frame[1], .sp = (uintptr_t)(frame + 2), .rbp = frame[0]};
    bool same = LIKELY(start.pc == sampling->caller)
                    ? unwind_stack(&self->unwinder, target->thread, &start, &shard->memo)
                    : unwind_stack_from_here(&self->unwinder, target->thread, sampling->caller, &shard->memo);
    if (!LIKELY(same && shard->stack != NULL && atomic_load_explicit(&shard->stack->retired, memory_order_relaxed) == 0)) {
        shard_flush(shard);
        shard->stack = stack_table_intern(&self->stacks, shard->memo.pcs, shard->memo.depth_frames);
    }
    if (!LIKELY(shard->memo.end == UNWIND_COMPLETE)) {
        shard_count(&shard->ends[shard->memo.end], 1);
    }
    return shard->stack;
}

INLINE void weigh(struct shard *shard, const struct sampling *sampling) {
    if (!LIKELY(shard->weight_size == sampling->size && shard->weight_interval == sampling->interval_bytes)) {
        shard->weight = sampler_weight(sampling->size, sampling->interval_bytes);
        shard->weight_bytes = shard->weight * (double)sampling->size;
        shard->weight_size = sampling->size;
        shard->weight_interval = sampling->interval_bytes;
    }
}

INLINE void record(struct profiler *self, const struct target *target, const struct sampling *sampling) {
    struct shard *shard = target->shard;
    shard_count(&shard->samples, 1);
    struct stack *stack = capture_stack(self, target, sampling);
    if (!LIKELY(stack != NULL)) {
        shard_count(&shard->lost_stacks, 1);
        block_filter_remove(target->counted, sampling->block);
        return;
    }
    weigh(shard, sampling);
    // Before the block becomes visible in the live table, so that in-use never exceeds allocated: a snapshot flushes in between.
    shard->objects += shard->weight;
    shard->bytes += shard->weight_bytes;
    shard->unflushed_samples++;
    struct live_sample sample = {stack, sampling->size, shard->weight};
    if (!LIKELY(live_table_put(&self->live, target->part, sampling->block, &sample, target->counted))) {
        shard_count(&shard->lost_live, 1);
    }
}

static __attribute__((noinline)) void record_timed(struct profiler *self, struct target target, struct sampling sampling) {
    struct shard *shard = target.shard;
    uint64_t number = atomic_load_explicit(&shard->samples, memory_order_relaxed), start = now_ns();
    if (number == 0) { // before the tables take what it needs; reclaim.c counts it anew with each limit
        atomic_fetch_add_explicit(&self->budget.fixed_bytes, SHARD_USED_BYTES, memory_order_relaxed);
    }
    record(self, &target, &sampling);
    uint64_t taken = now_ns() - start;
    if (taken < SUSPENDED_NS) {
        taken -= taken < clock_cost_ns ? taken : clock_cost_ns;
        shard_count(&shard->sampling_ns, taken * (number + 1 - shard->timed_until));
        shard->timed_until = number + 1;
    }
    shard->timed_next = number + (number + 1 < TIMED_SAMPLES ? number + 1 : TIMED_SAMPLES);
}

INLINE void record_and_release(struct profiler *self, const struct target *target, const struct sampling *sampling) {
    if (LIKELY(atomic_load_explicit(&target->shard->samples, memory_order_relaxed) != target->shard->timed_next)) {
        record(self, target, sampling);
    } else {
        record_timed(self, *target, *sampling);
    }
    shard_release(target->shard);
}

// The thread's own shard is unavailable, or the filter is growing.
static __attribute__((noinline)) void record_in_other_shard(struct profiler *self, struct thread_state *thread, struct sampling sampling) {
    struct shard *shard = shards_take(self->shards, thread);
    if (shard == NULL) {
        count(&self->unsharded_samples);
        return;
    }
    struct target target = {thread, shard, (unsigned)(shard - self->shards), NULL};
    target.counted = block_filter_add(&self->live.filter, sampling.block, live_table_tag(target.part));
    record_and_release(self, &target, &sampling);
}

// The filter's atomic operation is the barrier that the shard needs, so it comes first. If this returns false, nothing has changed.
INLINE bool take_own_shard(struct profiler *self, struct target *target, const void *block) {
    struct block_counts *counts = block_filter_present(&self->live.filter);
    _Atomic uint8_t *block_count = block_filter_count(counts, block);
    if (!LIKELY(atomic_load_explicit(block_count, memory_order_relaxed) == 0)) {
        profiler_forget(block); // it may have been freed behind the hooks' back and reused
    }
    struct shard *own = shards_take_own(self->shards, target->thread);
    if (!LIKELY(own != NULL)) {
        return false;
    }
    target->shard = own;
    target->part = target->thread->shard - 1;
    target->counted = counts;
    block_filter_count_up(block_count, live_table_tag(target->part));
    if (LIKELY(!shard_is_wanted(own) && block_filter_is_still(&self->live.filter, counts))) {
        return true;
    }
    block_filter_remove(counts, block);
    shard_release(own);
    return false;
}

void profiler_finish(uint64_t interval_bytes, const void *block, size_t size, uintptr_t caller, const uintptr_t *frame) {
    if (!LIKELY(block != NULL)) {
        return;
    }
    const struct sampling sampling = {interval_bytes, block, size, caller, frame};
    struct target target = {.thread = &thread_state};
    profiler_enter(target.thread);
    if (LIKELY(take_own_shard(&profiler, &target, block))) {
        record_and_release(&profiler, &target, &sampling);
    } else {
        record_in_other_shard(&profiler, target.thread, sampling);
    }
    profiler_leave(target.thread);
}

// ---- realloc ----

void profiler_move_begin(const void *block, struct moving *moving) {
    moving->shard = NULL;
    if (!profiler_may_know(block) || !atomic_load_explicit(&profiler.open, memory_order_acquire)) {
        return;
    }
    struct shard *shard = shards_take(profiler.shards, &thread_state);
    moving->evictions = atomic_load(&profiler.evictions); // after the shard is held: an eviction waits for shards held before
    if (live_table_remove(&profiler.live, block, &moving->sample)) {
        moving->shard = shard;
    } else if (shard != NULL) {
        shard_release(shard);
    }
}

void profiler_move_end(const struct moving *moving, const void *stayed) {
    if (moving->shard == NULL) {
        return;
    }
    bool known = (moving->evictions & 1) == 0 && moving->evictions == atomic_load(&profiler.evictions);
    unsigned part = (unsigned)(moving->shard - profiler.shards);
    if (stayed != NULL && !(known && live_table_add(&profiler.live, part, stayed, &moving->sample))) {
        shard_count(&moving->shard->lost_live, 1);
    }
    shard_release(moving->shard);
}

// ---- Start and stop ----

_Static_assert((int)SHARDS == (int)LIVE_TABLE_PARTS && (int)SHARDS <= (int)BLOCK_FILTER_TAGS, "each shard has a part of the table");

static bool open_tables(struct profiler *self) {
    size_t shard_bytes = SHARDS * sizeof *self->shards;
    struct shard *shards = mmap(NULL, shard_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shards == MAP_FAILED) {
        return false;
    }
    madvise(shards, shard_bytes, MADV_NOHUGEPAGE);
    reclaim_set_limit(self);
    if (!stack_table_open(&self->stacks, &self->budget)) {
        munmap(shards, shard_bytes);
        return false;
    }
    if (!live_table_open(&self->live, &self->budget, bootstrap_fill)) {
        stack_table_close(&self->stacks);
        munmap(shards, shard_bytes);
        return false;
    }
    self->shards = shards;
    return true;
}

// The cost of two clock reads, which exceeds that of a sample with a repeated stack.
static void measure_clock(void) {
    for (int i = 0; i < 16; i++) {
        uint64_t start = now_ns(), taken = now_ns() - start;
        clock_cost_ns = i == 0 || taken < clock_cost_ns ? taken : clock_cost_ns;
    }
}

// The first call of a function must not run lazy binding inside malloc. So everything that a sample calls is called once here.
static void bind_early(struct profiler *self) {
    struct thread_state nobody = {.shard = SHARDS_OWNED + 1};
    struct live_sample sample = {NULL, 0, sampler_weight(1, CMEMPROF_DEFAULT_INTERVAL_BYTES)};
    const void *block = (const void *)4096; // the first pages are never mapped
    struct shard *shard = shards_take(self->shards, &nobody);
    sampler_next(&nobody, CMEMPROF_DEFAULT_INTERVAL_BYTES);
    measure_clock();
    if (shard != NULL) {
        unwind_stack_from_here(&self->unwinder, &nobody, (uintptr_t)__builtin_return_address(0), &shard->memo);
        shard->memo.depth_frames = 0;
        if (live_table_add(&self->live, (unsigned)(shard - self->shards), block, &sample)) {
            live_table_remove(&self->live, block, &sample);
        }
        shard_release(shard);
    }
}

static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

static void add_samples(struct stack *stack, void *context) {
    *(uint64_t *)context += stack_samples(stack);
}

// Samples of other threads in flight at the fork are nobody's in the child and count as lost there, as do those of a stack whose eviction
// was in progress.
static void balance_after_fork(struct profiler *self) {
    uint64_t accounted = self->stacks.evicted.samples, samples = 0;
    shards_settle(self->shards, SHARDS_ALL, shard_forget);
    stack_table_each(&self->stacks, add_samples, &accounted);
    for (struct shard *shard = NULL; (shard = shards_next(self->shards, shard)) != NULL;) {
        accounted += atomic_load(&shard->lost_stacks);
        samples += atomic_load(&shard->samples);
    }
    if (samples > accounted) {
        shard_count(&shards_next(self->shards, NULL)->lost_stacks, samples - accounted);
    }
}

// The child has one thread, and what others held is held for ever. The lock-free tables need nothing. Random numbers must diverge from the
// parent's and the next sample be redrawn, or all children of one parent would sample alike.
static void after_fork(void) {
    bool was_evicting = (atomic_load(&profiler.evictions) & 1) != 0;
    pthread_mutex_init(&starting, NULL);
    loaded_code_after_fork_in_child();
    snapshot_after_fork_in_child();
    code_objects_after_fork_in_child();
    reclaim_after_fork();
    // Forked by a signal handler inside a sample: its shard stays held, so that the sample can finish.
    if (atomic_load(&profiler.open) && thread_state.busy == 0 && (!shards_after_fork(profiler.shards) || was_evicting)) {
        balance_after_fork(&profiler);
    }
    struct thread_state *thread = &thread_state;
    thread->random = 0;
    if (thread->interval_bytes != 0) {
        sampler_next(thread, thread->interval_bytes);
    }
}

// Registered before there are threads: a fork during another thread's first start must leave a usable child.
static __attribute__((constructor)) void watch_forks(void) {
    pthread_atfork(loaded_code_before_fork, loaded_code_after_fork_in_parent, after_fork);
}

static enum cmemprof_error open_once(struct profiler *self) {
    if (atomic_load(&self->open)) {
        return CMEMPROF_OK;
    }
    if (!open_tables(self)) {
        return CMEMPROF_NO_MEMORY;
    }
    loaded_code_list_objects();
    sampler_open();
    bind_early(self);
    atomic_store(&self->open, true);
    return CMEMPROF_OK;
}

enum cmemprof_error cmemprof_start(uint64_t interval_bytes) {
    // The process's malloc must be in the same object as this code; in a plugin that was loaded late it is not.
    if (!interposition_is_active()) {
        return CMEMPROF_NOT_BOUND;
    }
    pthread_mutex_lock(&starting);
    enum cmemprof_error error = open_once(&profiler);
    pthread_mutex_unlock(&starting);
    if (error == CMEMPROF_OK) {
        if (interval_bytes != 0) {
            atomic_store(&profiler.last_interval_bytes, interval_bytes);
        }
        atomic_store(&profiler.interval_bytes, interval_bytes);
    }
    return error;
}

void cmemprof_stop(void) {
    atomic_store(&profiler.interval_bytes, 0);
}

void cmemprof_set_go_text(uintptr_t start, uintptr_t end) {
    unwind_set_go_text(&profiler.unwinder, start, end);
}

void cmemprof_set_go_heap(uintptr_t address) {
    stack_memory_set_go_heap(&profiler.unwinder.memory, address);
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

static uint64_t read_count(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_shard(struct cmemprof_stats *stats, const struct shard *shard) {
    stats->samples += read_count(&shard->samples);
    stats->lost_stacks += read_count(&shard->lost_stacks);
    stats->lost_live += read_count(&shard->lost_live);
    stats->sampling_ns += read_count(&shard->sampling_ns);
    stats->cut_no_rule += read_count(&shard->ends[UNWIND_NO_RULE]);
    stats->cut_unsupported += read_count(&shard->ends[UNWIND_UNSUPPORTED]);
    stats->cut_unreadable += read_count(&shard->ends[UNWIND_UNREADABLE]);
    stats->cut_depth += read_count(&shard->ends[UNWIND_TOO_DEEP]);
}

void cmemprof_get_stats(struct cmemprof_stats *stats) {
    uint64_t unsharded = read_count(&profiler.unsharded_samples);
    *stats = (struct cmemprof_stats){
        .interval_bytes = read_count(&profiler.interval_bytes),
        .samples = unsharded,
        .live = live_table_count(&profiler.live),
        .stacks = read_count(&profiler.stacks.count),
        .own_bytes = atomic_load(&profiler.budget.used_bytes) + page_residency(&profiler, sizeof profiler, sizeof profiler),
        .limit_bytes = atomic_load(&profiler.budget.limit_bytes),
        .lost_shards = unsharded,
        .unsampled_nested = read_count(&profiler.unsampled_nested),
        .reclaimed_stacks = read_count(&profiler.reclaimed_stacks),
        .reclaimed_samples = read_count(&profiler.reclaimed_samples),
        .unwind_fallbacks = read_count(&profiler.unwinder.fallbacks),
    };
    const struct shard *last = NULL;
    size_t used_bytes = 0;
    for (struct shard *next; atomic_load(&profiler.open) && (next = shards_next(profiler.shards, last)) != NULL; last = next) {
        add_shard(stats, next);
        used_bytes += read_count(&next->samples) != 0 ? SHARD_USED_BYTES : 0;
    }
    stats->own_bytes += last != NULL ? page_residency(profiler.shards, (size_t)(last + 1 - profiler.shards) * sizeof *last, used_bytes) : 0;
}
