// memory_budget.h (tables): the memory that the profiler's tables may use together. A table asks before it grows; refused, it counts as
// full.
//
// Returned memory is available to all tables. A table that cannot return memory at any moment takes through a share, limited to three
// quarters of the capacity, so that it can never starve the others. A share may lie within another one; it is then limited to a quarter.
//
// Threads: any, also inside malloc; lock-free. The limit may change at any time; memory in use stays in use.
#ifndef CMEMPROF_MEMORY_BUDGET_H
#define CMEMPROF_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct memory_budget {
    _Atomic size_t used_bytes, limit_bytes;
    _Atomic size_t fixed_bytes; // used without asking (caches, shards): deducted from the limit, up to half of it
    _Atomic uint64_t refusals;  // counter of refused requests
};

struct memory_share {
    struct memory_budget *budget;
    struct memory_share *within; // NULL: in none
    _Atomic size_t used_bytes;
    _Atomic uint64_t refusals; // counter of requests beyond this share; without `within` those are the budget's
};

// What the tables may use together.
static inline size_t memory_budget_capacity(const struct memory_budget *budget) {
    size_t limit = atomic_load_explicit(&budget->limit_bytes, memory_order_relaxed);
    size_t fixed = atomic_load_explicit(&budget->fixed_bytes, memory_order_relaxed);
    return limit - (fixed < limit / 2 ? fixed : limit / 2);
}

static inline bool memory_budget_refuse(struct memory_budget *budget) {
    atomic_fetch_add_explicit(&budget->refusals, 1, memory_order_relaxed);
    return false;
}

static inline bool memory_budget_take(struct memory_budget *budget, size_t size_bytes) {
    size_t limit = memory_budget_capacity(budget);
    size_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    do {
        if (used > limit || size_bytes > limit - used) {
            return memory_budget_refuse(budget);
        }
    } while (
        !atomic_compare_exchange_weak_explicit(&budget->used_bytes, &used, used + size_bytes, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static inline void memory_budget_give(struct memory_budget *budget, size_t size_bytes) {
    atomic_fetch_sub_explicit(&budget->used_bytes, size_bytes, memory_order_relaxed);
}

static inline size_t memory_share_capacity(const struct memory_share *share) {
    size_t capacity = memory_budget_capacity(share->budget);
    return share->within ? capacity / 4 : capacity - capacity / 4;
}

// To what the share lies in: another share, or the budget.
static inline void memory_share_give(struct memory_share *share, size_t size_bytes) {
    atomic_fetch_sub_explicit(&share->used_bytes, size_bytes, memory_order_relaxed);
    if (share->within) {
        memory_share_give(share->within, size_bytes);
    } else {
        memory_budget_give(share->budget, size_bytes);
    }
}

// Of this share alone.
static inline bool memory_share_reserve(struct memory_share *share, size_t size_bytes) {
    size_t max = memory_share_capacity(share);
    if (size_bytes > max || atomic_fetch_add_explicit(&share->used_bytes, size_bytes, memory_order_relaxed) > max - size_bytes) {
        if (size_bytes <= max) {
            atomic_fetch_sub_explicit(&share->used_bytes, size_bytes, memory_order_relaxed);
        }
        atomic_fetch_add_explicit(share->within ? &share->refusals : &share->budget->refusals, 1, memory_order_relaxed);
        return false;
    }
    return true;
}

static inline bool memory_share_take(struct memory_share *share, size_t size_bytes) {
    if (!memory_share_reserve(share, size_bytes)) {
        return false;
    }
    if (share->within ? memory_share_take(share->within, size_bytes) : memory_budget_take(share->budget, size_bytes)) {
        return true;
    }
    atomic_fetch_sub_explicit(&share->used_bytes, size_bytes, memory_order_relaxed);
    return false;
}

#endif
