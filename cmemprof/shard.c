// shard.c: see shard.h.

#include "shard.h"

#include <string.h>
#include <time.h>

// Threads are dealt out to the shards one after the other.
static _Atomic uint32_t threads;

static struct shard *own_shard(struct shard *shards, struct thread_state *thread) {
    if (thread->shard == 0) {
        thread->shard = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % SHARDS + 1;
    }
    return &shards[thread->shard - 1];
}

struct shard *shards_take_own(struct shard *shards, struct thread_state *thread) {
    struct shard *shard = own_shard(shards, thread);
    return shard_try(shard) ? shard : NULL;
}

struct shard *shards_take(struct shard *shards, struct thread_state *thread) {
    struct shard *first = own_shard(shards, thread);
    size_t start = (size_t)(first - shards);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &shards[(start + i) % SHARDS];
        if (shard_try(shard)) {
            return shard;
        }
    }
    return NULL;
}

bool shard_wait(struct shard *shard) {
    const struct timespec pause = {0, 100 * 1000};
    for (int i = 0; i < 1000; i++) {
        if (shard_try(shard)) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

void shard_flush(struct shard *shard) {
    uint64_t samples = shard->pending_samples;
    if (samples != 0) {
        double objects = shard->objects, bytes = shard->bytes;
        // First, so that a child forked in the midst of this adds nothing twice.
        shard->pending_samples = 0;
        shard->objects = shard->bytes = 0;
        atomic_signal_fence(memory_order_seq_cst);
        stack_add_allocations(shard->stack, objects, bytes, samples);
    }
}

void shard_forget(struct shard *shard) {
    shard_flush(shard);
    shard->stack = NULL;
}

void shards_after_fork(struct shard *shards) {
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++) {
        if (atomic_load(&shard->held) == 0) {
            continue;
        }
        shard_forget(shard); // blocks of these samples are alive
        shard->objects = shard->bytes = 0;
        shard->weight_interval = 0;
        memset(&shard->spares, 0, sizeof shard->spares);
        memset(&shard->memo, 0, sizeof shard->memo);
        shard_release(shard);
    }
}
