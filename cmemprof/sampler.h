// sampler.h (sample): chooses the sampled allocations: a Poisson process over bytes, as a countdown in each thread.
//
// The distance to the next sample is exponential with mean R, so an allocation of s bytes is sampled with p = 1 - exp(-s / R) and stands
// for 1/p allocations. Every allocation counts as size + 1 bytes (as in tcmalloc), so that malloc(0) is seen. With R = 512 KiB:
//
//   1 MiB: p = 0.86, stands for 1.16      4 KiB: p = 0.0078, stands for 128      16 B: p = 3.2e-5, stands for 30,841
//
// The process is memoryless, so a thread may start, stop or redraw at any time without bias.
//
// Threads: each call works on the caller's struct thread_state. Memory: none. Safe inside malloc.
#ifndef CMEMPROF_SAMPLER_H
#define CMEMPROF_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "thread_state.h"

// The fast path: returns true if the allocation is not sampled. One comparison and one subtraction; no size overflows.
static inline bool sampler_pass(struct thread_state *thread, size_t size) {
    // Read once: a signal handler that allocates in between may lower it.
    uint64_t left = *(volatile uint64_t *)&thread->countdown_bytes;
    if (__builtin_expect(size < left, 1)) {
        thread->countdown_bytes = left - (size + 1);
        return true;
    }
    return false;
}

// Call before the others.
void sampler_open(void);

// Call after sampler_pass returned false. Returns the interval that the sample was drawn with, or 0 if the allocation is no sample after
// all: the profiler is off, or was just started and the first draw did not hit. Draws the distance to the next sample. interval_bytes is
// the profiler's present one; 0: off.
uint64_t sampler_take(struct thread_state *thread, size_t size, uint64_t interval_bytes);

// Draws the distance to the next sample.
void sampler_next(struct thread_state *thread, uint64_t interval_bytes);

// The number of allocations that a sample of this size stands for.
double sampler_weight(size_t size, uint64_t interval_bytes);

#endif
