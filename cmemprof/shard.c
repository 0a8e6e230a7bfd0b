// shard.c: see shard.h.

#include "shard.h"

#include <string.h>
#include <time.h>

// Threads are dealt out to the shards one after the other.
static _Atomic uint32_t threads;

// Bits of the shards that anybody ever wanted. Whoever passes over the others must be seen by whoever takes one for the first time, or see
// him: hence the order on both sides.
static _Atomic uint64_t used;

static void use(uint32_t index) {
    if ((atomic_load_explicit(&used, memory_order_relaxed) >> index & 1) == 0) {
        atomic_fetch_or(&used, UINT64_C(1) << index);
        atomic_thread_fence(memory_order_seq_cst);
    }
}

static uint64_t used_now(void) {
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load(&used);
}

static uint32_t own_index(struct thread_state *thread) {
    if (thread->shard == 0) {
        thread->shard = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % SHARDS + 1;
        use(thread->shard - 1);
    }
    return thread->shard - 1;
}

struct shard *shards_take(struct shard *shards, struct thread_state *thread) {
    uint32_t own = own_index(thread);
    if (shard_try(&shards[own])) {
        return &shards[own];
    }
    for (uint32_t i = 1; i < SHARDS; i++) {
        struct shard *other = &shards[(own + i) % SHARDS];
        use((own + i) % SHARDS);
        if (shard_try(other)) {
            return other;
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

uint64_t shards_settle(struct shard *shards, uint64_t which, void (*visit)(struct shard *shard)) {
    uint64_t missed = 0;
    for (uint64_t left = which & used_now(); left != 0; left &= left - 1) {
        struct shard *shard = &shards[__builtin_ctzll(left)];
        if (shard_wait(shard)) {
            visit(shard);
            shard_release(shard);
        } else {
            missed |= left & -left;
        }
    }
    return missed;
}

struct shard *shards_next(struct shard *shards, const struct shard *last) {
    size_t from = last != NULL ? (size_t)(last - shards) + 1 : 0;
    uint64_t left = from < SHARDS ? used_now() >> from : 0;
    return left != 0 ? &shards[from + (size_t)__builtin_ctzll(left)] : NULL;
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

// A page that is written is copied, so what is right stays as it is.
bool shards_after_fork(struct shard *shards) {
    bool whole = true;
    for (struct shard *shard = NULL; (shard = shards_next(shards, shard)) != NULL;) {
        if (atomic_load(&shard->wanted) != 0) {
            atomic_store(&shard->wanted, 0);
        }
        if (atomic_load(&shard->held) != 0) {
            whole = false;
            shard->stack = NULL;
            shard->objects = shard->bytes = 0;
            shard->unflushed_samples = 0;
            shard->weight_interval = 0;
            memset(&shard->memo, 0, sizeof shard->memo);
            shard_release(shard);
        }
    }
    return whole;
}
