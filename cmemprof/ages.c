// ages.c (tables): how old live memory is, and how long freed memory lived.

#include "cmemprof.h"

#include <string.h>

#include "profiler.h"
#include "reclaim.h"

struct adding {
    struct cmemprof_ages *ages;
    uint32_t now_s;
    double live_bytes;
};

static void add_live(uintptr_t block, const struct live_sample *sample, void *context) {
    (void)block;
    struct adding *adding = context;
    uint32_t age_s = age_between(sample->birth_s, adding->now_s);
    double bytes = sample->weight * (double)sample->size_bytes;
    adding->ages->live_bytes[age_class(age_s)] += bytes;
    adding->ages->outlived_bytes[lifetime_class(age_s)] += bytes;
    adding->live_bytes += bytes;
}

static void add_freed(double *sums, const struct lifetimes *lifetimes) {
    for (unsigned class = 1; class < CMEMPROF_LIFETIME_CLASSES; class ++) {
        sums[class] += atomic_load_explicit(&lifetimes->bytes[class], memory_order_relaxed);
    }
}

static void add_allocated(struct stack *stack, void *context) {
    *(double *)context += stack->source == STACK_OF_BLOCKS ? stack_alloc_bytes(stack) : 0; // mappings have no age
}

// Class 0: what was allocated, is not live and not in the other classes. Read in this order it is never too low.
static void read_all(struct profiler *self, struct cmemprof_ages *ages) {
    struct adding adding = {.ages = ages, .now_s = age_now(&self->clock)};
    live_table_each(&self->live, add_live, &adding);
    shards_settle(&self->shards, SHARDS_ALL, shard_flush);
    double young = (double)self->stacks.evicted[STACK_OF_BLOCKS].bytes - adding.live_bytes;
    stack_table_each(&self->stacks, add_allocated, &young);
    add_freed(ages->freed_bytes, &self->shared_lifetimes);
    for (const struct shard *shard = NULL; (shard = shards_next(&self->shards, shard));) {
        add_freed(ages->freed_bytes, &shard->lifetimes);
        young -= atomic_load_explicit(&shard->lost_bytes, memory_order_relaxed);
    }
    for (unsigned class = 1; class < CMEMPROF_LIFETIME_CLASSES; class ++) {
        young -= ages->freed_bytes[class];
    }
    ages->freed_bytes[0] = young > 0 ? young : 0;
    ages->worst_pause_s = atomic_load_explicit(&self->clock.worst_pause_s, memory_order_relaxed);
}

void cmemprof_get_ages(struct cmemprof_ages *ages) {
    memset(ages, 0, sizeof *ages);
    if (!atomic_load(&profiler.open)) {
        return;
    }
    profiler_advance_clock(&profiler);
    reclaim_lock(&profiler);
    read_all(&profiler, ages);
    reclaim_unlock(&profiler);
}
