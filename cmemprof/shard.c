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

struct shard *shards_take_own(struct shard *shards, struct thread_state *thread) {
    struct shard *shard = &shards[own_index(thread)];
    return shard_try(shard) ? shard : NULL;
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

void shard_forget(struct shard *shard) {
    shard->stack = NULL;
}

void shards_after_fork(struct shard *shards) {
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++) {
        atomic_store(&shard->wanted, 0);
        shard_forget(shard); // it may have been taken out of the table at this moment
        if (atomic_load(&shard->held) == 0) {
            continue;
        }
        shard->weight_interval = 0;
        memset(&shard->spares, 0, sizeof shard->spares);
        memset(&shard->memo, 0, sizeof shard->memo);
        shard_release(shard);
    }
}
