// shard.c: see shard.h.

#include "shard.h"

#include <string.h>
#include <time.h>

// Threads are dealt out to the shards one after the other.
static _Atomic uint32_t threads;

static uint32_t own_index(struct thread_state *thread) {
    if (thread->shard == 0) {
        thread->shard = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % SHARDS + 1;
    }
    return thread->shard - 1;
}

struct shard *shards_take(struct shard *shards, struct thread_state *thread) {
    uint32_t own = own_index(thread);
    for (uint32_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &shards[(own + i) % SHARDS];
        if (shard_try(shard)) {
            return shard;
        }
    }
    return NULL;
}

bool shard_wait(struct shard *shard) {
    const struct timespec pause = {0, 50 * 1000};
    bool mine = false;
    atomic_fetch_add(&shard->wanted, 1);
    for (int i = 0; !mine && i < 5000; i++) {
        mine = atomic_exchange_explicit(&shard->held, 1, memory_order_acquire) == 0;
        if (!mine) {
            nanosleep(&pause, NULL);
        }
    }
    atomic_fetch_sub(&shard->wanted, 1);
    return mine;
}

bool shards_settle(struct shard *shards, void (*visit)(struct shard *shard)) {
    bool settled = true;
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++) {
        if (shard_wait(shard)) {
            visit(shard);
            shard_release(shard);
        } else {
            settled = false;
        }
    }
    return settled;
}

void shard_flush(struct shard *shard) {
    if (shard->unflushed_samples != 0) {
        stack_add_allocations(shard->stack, shard->objects, shard->bytes, shard->unflushed_samples);
        shard->objects = shard->bytes = 0;
        shard->unflushed_samples = 0;
    }
}

void shard_forget(struct shard *shard) {
    shard_flush(shard);
    shard->stack = NULL;
}

void shards_after_fork(struct shard *shards) {
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++) {
        atomic_store(&shard->wanted, 0);
        if (atomic_load(&shard->held) == 0) { // whole, and its stack is in the table
            shard_forget(shard);
            continue;
        }
        shard->stack = NULL;
        shard->objects = shard->bytes = 0;
        shard->unflushed_samples = 0;
        shard->weight_interval = 0;
        memset(&shard->memo, 0, sizeof shard->memo);
        shard_release(shard);
    }
}
