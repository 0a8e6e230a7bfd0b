// cpu_samples.h (cpu): stacks with CPU time, added up by stack.
//
// Stacks lie one after the other in a buffer, leaf first, found by their hash. What does not fit is counted. Emptied, it gives its memory
// back.
//
// Threads: cpu_samples_add in signal handlers of any thread, without a lock or an allocation; the rest by one thread while nobody adds.
// Memory: mmap, of which only what is used becomes resident: at most 7 MiB. All zeros is one without memory, which takes nothing.
#ifndef CMEMPROF_CPU_SAMPLES_H
#define CMEMPROF_CPU_SAMPLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { CPU_SAMPLE_SLOTS = 1 << 15, CPU_SAMPLE_WORDS = 3 << 18, CPU_SAMPLE_FRAMES = 128 };

struct cpu_sample {
    _Atomic uint64_t hash; // 0: free
    _Atomic uint64_t ns, ticks;
    _Atomic uint32_t depth_frames; // 0: not complete
    uint32_t first;                // its place in words
};

struct cpu_samples {
    struct cpu_sample *slots; // CPU_SAMPLE_SLOTS; NULL: no memory yet
    uintptr_t *words;         // CPU_SAMPLE_WORDS: return addresses; the first of a stack is of the instruction, plus 1
    _Atomic size_t used_words;
    _Atomic uint64_t lost_ns; // did not fit
};

// Returns false if memory runs out. Again: no effect.
bool cpu_samples_open(struct cpu_samples *samples);
void cpu_samples_clear(struct cpu_samples *samples);
void cpu_samples_close(struct cpu_samples *samples);

// depth: from 1. Returns the sample that has them, NULL if they did not fit; of up to CPU_SAMPLE_FRAMES, only once the table is full.
struct cpu_sample *cpu_samples_add(struct cpu_samples *samples, const uintptr_t *pcs, uint32_t depth, uint64_t ns, uint64_t ticks);

// Whether less than half of its words are left.
bool cpu_samples_is_half_full(const struct cpu_samples *samples);

// Returns NULL behind the last one. slot: 0 at first, then what was set.
const struct cpu_sample *cpu_samples_next(const struct cpu_samples *samples, size_t *slot);
const uintptr_t *cpu_samples_pcs(const struct cpu_samples *samples, const struct cpu_sample *sample);

#endif
