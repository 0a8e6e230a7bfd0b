// memory_budget.h: how much memory the profiler's tables may use together. A table that grows asks first; refused, it counts as full.
//
// Threads: any, also inside malloc; no lock. The limit may change at any time; what is in use stays in use.
#ifndef CMEMPROF_MEMORY_BUDGET_H
#define CMEMPROF_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"

struct memory_budget {
    _Atomic size_t used_bytes, limit_bytes;
};

static inline bool memory_budget_take(struct memory_budget *budget, size_t size_bytes) {
    size_t limit = atomic_load_explicit(&budget->limit_bytes, memory_order_relaxed);
    size_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    do {
        if (used > limit || size_bytes > limit - used) {
            return false;
        }
    } while (
        !atomic_compare_exchange_weak_explicit(&budget->used_bytes, &used, used + size_bytes, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static inline void memory_budget_give(struct memory_budget *budget, size_t size_bytes) {
    atomic_fetch_sub_explicit(&budget->used_bytes, size_bytes, memory_order_relaxed);
}

#endif
