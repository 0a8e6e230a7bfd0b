// sampler.h (sample): chooses the sampled allocations: a Poisson process over bytes, as a countdown in each thread.
//
// The distance to the next sample is exponential with mean R, so an allocation of s bytes is sampled with p = 1 - exp(-s / R) and stands
// for 1/p allocations. Every allocation counts as size + 1 bytes (as in tcmalloc), so that malloc(0) is seen. With R = 512 KiB:
//
//   1 MiB: p = 0.86, stands for 1.16      4 KiB: p = 0.0078, stands for 128      16 B: p = 3.2e-5, stands for 30,841
//
// The process is memoryless, so a thread may start, stop or redraw at any time without bias.
//
// A thread has several countdowns, each for one interval for as long as the process lives, and one for the time when the profiler is off,
// to whose end no program comes. A start or stop chooses the one that all threads count down. So it takes effect at each thread's next
// allocation, costs nothing there, and finds what is left of a distance of the same interval. A thread draws where it has not drawn yet.
//
//   0  off       1  always used up: each allocation takes the slow path       2 to 7  an interval each, in the order of their first start
//
// Number 1 is for interval 1, which samples every allocation, and for the seventh interval of a process and those after it: then the slow
// path decides by a further countdown, which is drawn anew in each phase, from a start to the next.
//
// Threads: any; those with a struct thread_state work on the caller's. No lock. Memory: none. Safe inside malloc.
#ifndef CMEMPROF_SAMPLER_H
#define CMEMPROF_SAMPLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "thread_state.h"

// All zeros: off.
struct sampler {
    _Atomic uintptr_t chosen; // index of the countdown
    _Atomic uint64_t phase;
    _Atomic uint64_t intervals[COUNTDOWNS]; // in bytes; 0: off, or for none yet. Only that of number 1 changes again
};

// Counts the allocation down and returns true, unless it is due. One subtraction, whose borrow decides: an instruction more costs 3 % of a
// malloc+free pair. SIZE_MAX counts as nothing: no allocator serves it.
static inline bool sampler_count_down(uint64_t *left_bytes, size_t size) {
    // Read once: a signal handler that allocates in between may lower it.
    uint64_t left = *(volatile uint64_t *)left_bytes, rest;
    if (__builtin_expect(!__builtin_sub_overflow(left, (uint64_t)size + 1, &rest), 1)) {
        *left_bytes = rest;
        return true;
    }
    return false;
}

// The fast path: returns true if the allocation is not sampled.
static inline bool sampler_pass(const struct sampler *self, struct thread_state *thread, size_t size) {
    return sampler_count_down(&thread->left_bytes[atomic_load_explicit(&self->chosen, memory_order_relaxed)], size);
}

// Call before the others.
void sampler_open(void);

// From now on samples are drawn with this interval; 0: off. If two threads call it at once, one of them must call it again.
void sampler_set(struct sampler *self, uint64_t interval_bytes);

// Call after sampler_pass returned false. Returns the interval that the sample was drawn with, or 0 if the allocation is no sample after
// all: the profiler is off, or the thread's first draw did not hit. Draws the distance to the next sample.
uint64_t sampler_take(const struct sampler *self, struct thread_state *thread, size_t size);

// The thread draws anew, with another random number generator.
void sampler_forget(struct thread_state *thread);

// The number of allocations that a sample of this size stands for.
double sampler_weight(size_t size, uint64_t interval_bytes);

#endif
