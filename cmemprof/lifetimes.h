// lifetimes.h (sample): how long the freed samples had lived, in bytes by lifetime_class (age.h).
//
// Each sample counts with the bytes that it stands for, so the sums are unbiased, as alloc_* and inuse_* are. What is still live is no part
// of them: its lifetime is at least its age. Most memory is freed within a second of the clock, and that costs nothing: class 0 is what
// is left of all that was freed.
//
// A thread counts in the shard that it owns, with plain stores and without holding it: no other thread writes there (shard.h). Threads
// without one share one. Threads: any, also inside free. Memory: the owner's.
#ifndef CMEMPROF_LIFETIMES_H
#define CMEMPROF_LIFETIMES_H

#include <stdatomic.h>

#include "namespace.h"
#include "age.h"

struct lifetimes {
    _Atomic double bytes[CMEMPROF_LIFETIME_CLASSES]; // class 0 is incomplete
};

// Of a sum that only this thread adds to.
static inline void lifetimes_add(_Atomic double *sum, double bytes) {
    atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + bytes, memory_order_relaxed);
}

static inline void lifetimes_count(struct lifetimes *own, uint32_t lifetime_s, double bytes) {
    lifetimes_add(&own->bytes[lifetime_class(lifetime_s)], bytes);
}

static inline void lifetimes_count_shared(struct lifetimes *shared, uint32_t lifetime_s, double bytes) {
    _Atomic double *sum = &shared->bytes[lifetime_class(lifetime_s)];
    double before = atomic_load_explicit(sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(sum, &before, before + bytes, memory_order_relaxed, memory_order_relaxed)) {
    }
}

#endif
