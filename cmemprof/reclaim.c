// reclaim.c: mark, unlink, wait until nobody looks, mark again, free.

#include "reclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmemprof.h"

enum { LEAST_LIMIT_BYTES = 8 << 20, SHARE_OF_RESIDENT = 100 };

static pthread_mutex_t reclaiming = PTHREAD_MUTEX_INITIALIZER;
static unsigned snapshots;            // guarded by reclaiming
static _Atomic uint64_t wanted_limit; // 0: by resident memory

// ---- Limit ----

// 0: not to be had. Second number of statm, in pages.
static size_t resident_bytes(void) {
    char text[128];
    int saved = errno, file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    errno = saved;
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    char *at = text;
    strtoul(at, &at, 10);
    return strtoul(at, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

void reclaim_set_limit(struct profiler *self) {
    size_t limit = atomic_load(&wanted_limit);
    if (limit == 0) {
        size_t share = resident_bytes() / SHARE_OF_RESIDENT;
        limit = share > LEAST_LIMIT_BYTES ? share : LEAST_LIMIT_BYTES;
    }
    atomic_store(&self->budget.limit_bytes, limit);
}

void cmemprof_set_memory_limit(uint64_t limit_bytes) {
    atomic_store(&wanted_limit, limit_bytes);
    reclaim_set_limit(&profiler);
}

// ---- Stacks ----

enum { STAYS, GOES };

static void choose(struct stack *stack, void *context) {
    struct stack **candidates = context;
    uint64_t samples = stack_samples(stack);
    // Known to a profile, and nothing new since: profiled_samples is what the last one showed.
    bool goes = samples != 0 && samples == stack->profiled_samples;
    stack->mark = goes ? GOES : STAYS;
    if (goes) {
        stack->list = *candidates;
        *candidates = stack;
    }
}

static void spare_alive(const struct live_sample *sample, void *context) {
    (void)context;
    sample->stack->mark = STAYS;
}

static void take_away(struct profiler *self) {
    struct stack *candidates = NULL, *unlinked = NULL, *next;
    stack_table_each(&self->stacks, choose, &candidates);
    live_table_each(&self->live, spare_alive, NULL);
    for (struct stack *stack = candidates; stack != NULL; stack = next) {
        next = stack->list;
        if (stack->mark == GOES) {
            stack_table_unlink(&self->stacks, stack);
            stack->list = unlinked;
            unlinked = stack;
        }
    }
    bool alone = shards_settle(self->shards, shard_forget); // false: somebody may still look at what was unlinked
    // A sample may have come to one of them before it was unlinked.
    live_table_each(&self->live, spare_alive, NULL);
    for (struct stack *stack = unlinked; stack != NULL; stack = next) {
        next = stack->list;
        if (!alone || stack->mark != GOES || stack_samples(stack) != stack->profiled_samples) {
            stack_table_link(&self->stacks, stack);
            continue;
        }
        atomic_fetch_add_explicit(&self->reclaimed_stacks, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&self->reclaimed_samples, stack_samples(stack), memory_order_relaxed);
        stack_table_free(&self->stacks, stack);
    }
}

static bool memory_is_short(const struct profiler *self) {
    size_t limit = atomic_load(&self->budget.limit_bytes);
    return atomic_load(&self->budget.used_bytes) - atomic_load(&self->stacks.free_bytes) > limit - limit / 4;
}

static bool settle(void *context) {
    const struct profiler *self = context;
    return shards_settle(self->shards, shard_flush);
}

void reclaim_snapshot_begins(struct profiler *self) {
    pthread_mutex_lock(&reclaiming);
    reclaim_set_limit(self);
    if (atomic_load(&self->open)) {
        live_table_tidy(&self->live, settle, self);
    }
    if (snapshots++ == 0 && memory_is_short(self)) {
        take_away(self);
    }
    pthread_mutex_unlock(&reclaiming);
}

void reclaim_pause(void) {
    pthread_mutex_lock(&reclaiming);
    snapshots++;
    pthread_mutex_unlock(&reclaiming);
}

void reclaim_snapshot_ends(void) {
    pthread_mutex_lock(&reclaiming);
    snapshots -= snapshots != 0; // 0: forked since
    pthread_mutex_unlock(&reclaiming);
}

void reclaim_after_fork(void) {
    pthread_mutex_init(&reclaiming, NULL);
    snapshots = 0;
}
