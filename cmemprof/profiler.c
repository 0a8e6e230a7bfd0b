// profiler.c (sample): the path of a sample.

#include "profiler.h"

#include "../base/clock.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define INLINE static inline __attribute__((always_inline))

// Both are the process's: its threads', and the one that its hooks are bound to.
__thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));
struct profiler profiler;

// One sample in this many is timed, and stands for those since the previous one. A shard's first samples are timed more often (number 0, 1,
// 3, 7, ...), since few threads take thousands and caches are cold then.
//
// By the clock, which the vDSO reads in 20 ns. The thread's CPU time takes a system call, after which a sample runs cold: it seemed to take
// 600 ns where 30 were true. A sample that took longer than SUSPENDED_NS had lost the processor: the next timed one stands for it, too.
enum { TIMED_SAMPLES = 1024, SUSPENDED_NS = 50 * 1000 };

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// No lock, no allocation; preserves errno.
static uint64_t now_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

// The cost of two clock reads, which exceeds that of a sample with a repeated stack.
void profiler_measure_clock(struct profiler *self) {
    for (int i = 0; i < 16; i++) {
        uint64_t start = now_ns(), taken = now_ns() - start;
        self->clock_cost_ns = i == 0 || taken < self->clock_cost_ns ? taken : self->clock_cost_ns;
    }
}

// ---- A sampled allocation ----

uint64_t profiler_begin(size_t size) {
    struct thread_state *thread = &thread_state;
    thread->begun++;
    uint64_t drawn_with = sampler_take(&profiler.sampler, thread, size);
    if (LIKELY(thread->busy == 0)) {
        return drawn_with;
    }
    if (drawn_with != 0) { // a sampling event hit the profiler's own allocation
        count(&profiler.unsampled_nested);
    }
    return 0;
}

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
    struct unwind_start start = machine_caller(sampling->frame);
    bool same = LIKELY(start.pc == sampling->caller)
                    ? unwind_stack(&self->unwinder, target->thread, &start, &shard->memo)
                    : unwind_stack_from_here(&self->unwinder, target->thread, sampling->caller, &shard->memo);
    if (!LIKELY(shard->memo.end == UNWIND_COMPLETE)) {
        shard_count(&shard->ends[shard->memo.end], 1);
    }
    return sample_stack(self, shard, target->thread, STACK_OF_BLOCKS, same);
}

INLINE void weigh(struct shard *shard, const struct sampling *sampling) {
    if (!LIKELY(shard->weight_size == sampling->size && shard->weight_interval == sampling->interval_bytes)) {
        shard->weight = live_table_weight(sampler_weight(sampling->size, sampling->interval_bytes));
        shard->weight_bytes = shard->weight * (double)sampling->size;
        shard->weight_size = sampling->size;
        shard->weight_interval = sampling->interval_bytes;
    }
}

INLINE void record(struct profiler *self, const struct target *target, const struct sampling *sampling) {
    struct shard *shard = target->shard;
    shard_count(&shard->samples, 1);
    struct stack *stack = capture_stack(self, target, sampling);
    if (!LIKELY(stack)) {
        shard_count(&shard->lost_stacks, 1);
        block_filter_remove(target->counted, sampling->block);
        return;
    }
    weigh(shard, sampling);
    // Before the block becomes visible in the live table, so that in-use never exceeds allocated: a snapshot flushes in between.
    shard->objects += shard->weight;
    shard->bytes += shard->weight_bytes;
    shard->unflushed_samples++;
    struct live_sample sample = {stack, sampling->size, shard->weight, age_now(&self->clock)};
    if (LIKELY(live_table_put(&self->live, target->part, sampling->block, &sample, target->counted))) {
        usdt_tell_alloc(sampling->block, sampling->size, shard->weight_bytes);
    } else {
        shard_count(&shard->lost_live, 1);
        lifetimes_add(&shard->lost_bytes, shard->weight_bytes);
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
        taken -= taken < self->clock_cost_ns ? taken : self->clock_cost_ns;
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

__attribute__((noinline)) void profiler_record(struct profiler *self, struct thread_state *thread, struct sampling sampling) {
    struct shard *shard = shards_take(&self->shards, thread);
    if (!shard) {
        count(&self->unsharded_samples);
        return;
    }
    struct target target = {thread, shard, (unsigned)(shard - self->shards.items), NULL};
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
    struct shard *own = shards_take_own(&self->shards, target->thread);
    if (!LIKELY(own)) {
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

void profiler_finish(uint64_t interval_bytes, const void *block, size_t size, uintptr_t caller, machine_frame frame) {
    if (!LIKELY(block)) {
        return;
    }
    const struct sampling sampling = {interval_bytes, block, size, caller, frame};
    struct target target = {.thread = &thread_state};
    profiler_enter(target.thread);
    if (LIKELY(take_own_shard(&profiler, &target, block))) {
        record_and_release(&profiler, &target, &sampling);
    } else { // its own shard is unavailable, or the filter is growing
        profiler_record(&profiler, target.thread, sampling);
    }
    profiler_leave(target.thread);
}

// ---- free and realloc ----

static void count_lifetime(struct profiler *self, const struct live_sample *sample) {
    uint32_t lifetime_s = age_between(sample->birth_s, age_now(&self->clock)), own = thread_state.shard - 1;
    double bytes = sample->weight * (double)sample->size_bytes;
    if (LIKELY(own < SHARDS_OWNED)) {
        lifetimes_count(&self->shards.items[own].lifetimes, lifetime_s, bytes);
    } else {
        lifetimes_count_shared(&self->shared_lifetimes, lifetime_s, bytes);
    }
}

void profiler_forget_old(const void *block) {
    struct live_sample sample;
    if (live_table_remove(&profiler.live, block, &sample)) {
        usdt_tell_free(block);
        count_lifetime(&profiler, &sample);
    }
}

void profiler_move_begin(const void *block, struct moving *moving) {
    moving->shard = NULL;
    if (!profiler_may_know(block) || !atomic_load_explicit(&profiler.open, memory_order_acquire)) {
        return;
    }
    struct shard *shard = shards_take(&profiler.shards, &thread_state);
    moving->evictions = atomic_load(&profiler.evictions); // after the shard is held: an eviction waits for shards held before
    if (live_table_remove(&profiler.live, block, &moving->sample)) {
        usdt_tell_free(block); // if it stays it begins anew
        moving->shard = shard;
        if (!shard) {
            count_lifetime(&profiler, &moving->sample);
        }
    } else if (shard) {
        shard_release(shard);
    }
}

void profiler_move_end(const struct moving *moving, const void *stayed) {
    if (!moving->shard) {
        return;
    }
    bool known = (moving->evictions & 1) == 0 && moving->evictions == atomic_load(&profiler.evictions);
    unsigned part = (unsigned)(moving->shard - profiler.shards.items);
    if (stayed && known && live_table_add(&profiler.live, part, stayed, &moving->sample)) {
        usdt_tell_alloc(stayed, moving->sample.size_bytes, (double)moving->sample.weight * (double)moving->sample.size_bytes);
    } else {
        count_lifetime(&profiler, &moving->sample); // also if it is lost: it is followed no longer
        shard_count(&moving->shard->lost_live, !!stayed);
    }
    shard_release(moving->shard);
}

void profiler_start_clock(struct profiler *self) {
    self->clock.zero_ns = (int64_t)now_ns();
}

void profiler_advance_clock(struct profiler *self) {
    if (atomic_load(&self->open)) {
        age_advance(&self->clock, (int64_t)now_ns(), atomic_load(&self->interval_bytes) != 0);
    }
}
