// thread_state.h (sample): the profiler's state of each thread, and its only thread-local data.
//
// Zero-initialised, without a destructor: nothing happens when a thread starts or ends, and TLS destructors that allocate still find it
// usable. Initial-exec, so that an access is one instruction and never calls __tls_get_addr, which may allocate.
#ifndef CMEMPROF_THREAD_STATE_H
#define CMEMPROF_THREAD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

enum { COUNTDOWNS = 8 };

// Of sampler.c.
struct countdown {
    uint64_t left_bytes;     // an allocation of this size or more is due
    uint64_t interval_bytes; // that it was drawn with
    uint64_t phase;          // in which it was drawn
};

struct thread_state {
    uint64_t left_bytes[COUNTDOWNS]; // of which the sampler chooses one: an allocation of this size or more takes the slow path
    struct countdown spare;          // for an interval that none of them is for
    uint64_t random;                 // generator state; 0: not seeded
    uintptr_t stack_low, stack_high; // the part of the thread's own stack that is known to be mapped; see stack_memory.h
    uint32_t drawn;                  // bits of those left_bytes that were drawn
    uint32_t busy;                   // not 0: the profiler itself is running on this thread
    uint32_t shard;                  // the one it tries first, counted from 1; 0: none yet; see shard.h
    uint32_t cpu_epoch;              // of the profile for which cpu_thread is (cpu_unsampled.h)
    struct cpu_thread *cpu_thread;   // NULL: no room was left
    uint32_t begun;                  // allocations that took the slow path; wraps around
    uint32_t unloadings;             // nesting depth of dlclose: a library's destructor may call it
    bool is_gos;                     // a whole stack of it began in Go: Go has made it
    bool maps_arena;                 // what it maps now is cut into blocks that are sampled one by one (preload/python_objects.h)
    bool fork_holds_listing;         // the fork in progress holds the listing lock (loaded_code.c)
    bool fork_holds_mappings;        // and the map of mappings (mapped_ranges.c)
#ifdef CMEMPROF_CHECK_LOCK_ORDER
    uint32_t locks; // held, one bit per rank (lock_order.h)
#endif
};

extern __thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));

#endif
