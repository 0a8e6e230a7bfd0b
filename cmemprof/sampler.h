// sampler.h: decides which allocations are sampled: a Poisson process over bytes, by a countdown in each thread.
//
// The distance to the next sample is exponential with mean R, so an allocation that takes s bytes of the process is hit with
// p = 1 - exp(-s / R), and counts for 1/p. Every allocation takes size + 1 bytes (tcmalloc does the same), so that malloc(0) is not
// invisible. R = 512 KiB:    1 MiB block: p = 0.86, stands for 1.16 blocks.    4 KiB: p = 0.0078, stands for 128.    16 B: p = 3.2e-5, for
// 30,841. The process has no memory, so a thread may start, stop or draw anew at any time without a bias.
//
// Threads: each call works on the caller's own struct thread_state. Memory: none. Safe inside malloc.
#ifndef CMEMPROF_SAMPLER_H
#define CMEMPROF_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "thread_state.h"

// The fast path: true if this allocation is not sampled. One comparison and one subtraction; no overflow for any size.
static inline bool sampler_pass(struct thread_state *thread, size_t size) {
    // Read once: a signal handler that allocates in between may lower it.
    uint64_t left = *(volatile uint64_t *)&thread->countdown_bytes;
    if (__builtin_expect(size < left, 1)) {
        thread->countdown_bytes = left - (size + 1);
        return true;
    }
    return false;
}

// Before the others.
void sampler_open(void);

// After sampler_pass was false: the interval that this sample was drawn with; 0: the allocation is none. Draws where nothing was drawn yet,
// or the process was off, and the distance from here to the next sample. interval_bytes is the profiler's present one; 0: off.
uint64_t sampler_take(struct thread_state *thread, size_t size, uint64_t interval_bytes);

// Draws the distance to the next sample.
void sampler_next(struct thread_state *thread, uint64_t interval_bytes);

// How many allocations a sample of this size stands for.
double sampler_weight(size_t size, uint64_t interval_bytes);

#endif
