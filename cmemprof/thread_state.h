// thread_state.h: what the profiler keeps for each thread. The only thread-local data there is.
//
// Zero-initialised and without a destructor: nothing happens when a thread starts or ends, and a thread that ends while its TLS destructors
// still allocate finds everything as usable as before. Initial-exec, so that an access is one instruction and never calls
// __tls_get_addr, which may itself allocate.
#ifndef CMEMPROF_THREAD_STATE_H
#define CMEMPROF_THREAD_STATE_H

#include <stdint.h>

#include "namespace.h"

struct thread_state {
    uint64_t countdown_bytes;        // an allocation of this size or more is sampled; 0 also means: ask the slow path
    uint64_t interval_bytes;         // the interval that the countdown was drawn with; 0: none drawn
    uint64_t random;                 // state of the generator; 0: not seeded
    uintptr_t stack_low, stack_high; // the part of the thread's own stack that is known to be mapped; see stack_memory.h
    uint32_t busy;                   // not 0: the profiler itself is running on this thread
    uint32_t shard;                  // the one it looks at first, counted from 1; 0: none yet; see shard.h
};

extern __thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));

#endif
