// shard.c (sample): see shard.h.

#include "shard.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ALL_BYTES = SHARDS * sizeof(struct shard) };

bool shards_open(struct shards *shards) {
    void *items = mmap(NULL, ALL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (items == MAP_FAILED) {
        return false;
    }
    madvise(items, ALL_BYTES, MADV_NOHUGEPAGE);
    shards->items = items;
    return true;
}

void shards_close(struct shards *shards) {
    if (shards->items) {
        munmap(shards->items, ALL_BYTES);
    }
    *shards = (struct shards){0};
}

// A thread that skips unused shards and one that takes a shard for the first time must see each other, hence the ordering on both sides.
static void use(struct shards *shards, uint32_t index) {
    if ((atomic_load_explicit(&shards->used, memory_order_relaxed) >> index & 1) == 0) {
        atomic_fetch_or(&shards->used, UINT64_C(1) << index);
        atomic_thread_fence(memory_order_seq_cst);
    }
}

static uint64_t used_now(const struct shards *shards) {
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load(&shards->used);
}

// Discards what an unfinished sample may have left half written.
static void forget_unfinished(struct shard *shard) {
    shard->weight_interval = 0;
    shard->timed_until = shard->timed_next = atomic_load(&shard->samples);
    shard->is_whose_known = false;
    label_memo_forget(&shard->labels);
    memset(&shard->memo, 0, sizeof shard->memo);
    shard->python.depth_frames = 0; // its addresses may be of one stack, and the hash of another
    shard->stack_hash = 0;
}

static bool own(struct shard *shard, const struct thread_state *thread) {
    const struct thread_state *owner = atomic_load_explicit(&shard->owner, memory_order_relaxed);
    return owner == thread || (!owner && atomic_compare_exchange_strong(&shard->owner, &owner, thread));
}

// Finds the thread's shard for thread_state.shard, counted from 1. A value above the owned ones: it owns none and starts its search there.
static uint32_t find_own(struct shards *shards, const struct thread_state *thread) {
    uint32_t hash = (uint32_t)((uintptr_t)thread * 0x9e3779b97f4a7c15u >> 32);
    for (uint32_t i = 0; i < SHARDS_OWNED; i++) {
        uint32_t at = (hash + i) % SHARDS_OWNED;
        struct shard *shard = &shards->items[at];
        if (own(shard, thread)) {
            use(shards, at);
            // Held by a previous thread at this address that ended inside a sample (cancelled, or pthread_exit in a signal handler).
            if (atomic_load(&shard->held) != 0) {
                shard_forget(shard);
                forget_unfinished(shard);
                shard_release(shard);
            }
            return at + 1;
        }
    }
    return SHARDS_OWNED + 1 + hash % SHARDS_SHARED;
}

static bool try_one(struct shard *shard) {
    if (atomic_load_explicit(&shard->held, memory_order_relaxed) != 0 || atomic_exchange(&shard->held, 1) != 0) {
        return false;
    }
    if (shard_is_wanted(shard)) {
        shard_release(shard);
        return false;
    }
    return true;
}

struct shard *shards_take(struct shards *shards, struct thread_state *thread) {
    if (thread->shard == 0) {
        thread->shard = find_own(shards, thread);
    }
    uint32_t own = thread->shard - 1;
    if (own < SHARDS_OWNED && try_one(&shards->items[own])) {
        return &shards->items[own];
    }
    for (uint32_t i = 0; i < SHARDS_SHARED; i++) {
        uint32_t at = SHARDS_OWNED + (own + i) % SHARDS_SHARED;
        use(shards, at);
        if (try_one(&shards->items[at])) {
            return &shards->items[at];
        }
    }
    return NULL;
}

bool shard_wait(struct shard *shard) {
    const struct timespec pause = {0, 50 * 1000};
    atomic_fetch_add(&shard->wanted, 1);
    for (int left = atomic_load(&shard->stuck) ? 0 : 5000;; left--) {
        if (atomic_load(&shard->held) == 0) {
            atomic_store(&shard->stuck, false);
            return true;
        }
        if (left == 0) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    atomic_store(&shard->stuck, true);
    shard_leave(shard);
    return false;
}

void shard_leave(struct shard *shard) {
    atomic_fetch_sub(&shard->wanted, 1);
}

uint64_t shards_settle(const struct shards *shards, uint64_t which, void (*visit)(struct shard *shard)) {
    uint64_t missed = 0;
    for (uint64_t left = which & used_now(shards); left != 0; left &= left - 1) {
        struct shard *shard = &shards->items[__builtin_ctzll(left)];
        if (shard_wait(shard)) {
            visit(shard);
            shard_leave(shard);
        } else {
            missed |= left & -left;
        }
    }
    return missed;
}

struct shard *shards_next(const struct shards *shards, const struct shard *last) {
    size_t from = last ? (size_t)(last - shards->items) + 1 : 0;
    uint64_t left = from < SHARDS ? used_now(shards) >> from : 0;
    return left != 0 ? &shards->items[from + (size_t)__builtin_ctzll(left)] : NULL;
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
    label_memo_forget(&shard->labels);
}

// Writing a page copies it, so what is correct stays untouched.
bool shards_after_fork(const struct shards *shards) {
    bool whole = true;
    for (struct shard *shard = NULL; (shard = shards_next(shards, shard));) {
        // Held by a sample, or by a waiter that may have been about to flush it.
        if (atomic_load(&shard->held) != 0 || atomic_load(&shard->wanted) != 0) {
            whole = false;
            atomic_store(&shard->wanted, 0);
            shard->stack = NULL;
            shard->objects = shard->bytes = 0;
            shard->unflushed_samples = 0;
            forget_unfinished(shard);
            shard_release(shard);
        }
    }
    return whole;
}
