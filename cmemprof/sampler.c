// sampler.c (sample): see sampler.h for the maths.

#include "sampler.h"

#include <string.h>
#include <time.h>

#include "../base/natural.h"

// No program allocates this much; a longer distance would not fit the countdown.
#define FARTHEST_BYTES 0x1p62

// splitmix64 (Steele, Lea, Flood 2014): 64 bits of state, any seed is good.
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// The state's address differs between threads, the time between processes. clock_gettime is a vDSO call: no lock, no allocation.
static void seed(struct thread_state *thread) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t state = (uintptr_t)thread ^ ((uint64_t)now.tv_nsec << 32) ^ (uint64_t)now.tv_sec;
    thread->random = next_random(&state) | 1;
}

// ---- Distances ----

// The ziggurat (Marsaglia and Tsang, "The ziggurat method for generating random variables", 2000) divides the area under exp(-x) into 256
// layers of equal area, each as wide as the curve at its lower edge. A point in a random layer is certainly under the curve if its x is
// less than the next layer's width, 99 times in 100; otherwise the curve decides. So the numbers are exactly exponential, and most cost one
// multiplication and no logarithm, which took a third of a sample's time.
//
// Layer 0 has the rest of the area: a rectangle as wide as layer 1, and the tail beyond it, where the draw restarts, since the exponential
// distribution is memoryless.
//
// Constants, computed once: the same for every profiler.
enum { LAYERS = 256 };
static double widths[LAYERS + 1]; // of each layer; 0 is layer 0 drawn as a rectangle; the entry after the last layer is 0

void sampler_open(void) {
    const double widest = 7.69711747013104972,
                 area = widest * natural_exp(-widest) + natural_exp(-widest); // for 256 layers, from the same paper
    widths[0] = area / natural_exp(-widest);
    widths[1] = widest;
    for (int i = 2; i < LAYERS; i++) {
        widths[i] = -natural_log(natural_exp(-widths[i - 1]) + area / widths[i - 1]);
    }
    widths[LAYERS] = 0;
}

static double unit(uint64_t bits) {
    return (double)(int64_t)(bits >> 11) * 0x1p-53; // in [0, 1)
}

// x exceeds the width of the next layer.
static __attribute__((noinline)) double exponential_at_edge(unsigned layer, double x, uint64_t *state) {
    double before = 0; // tails skipped so far
    for (;;) {
        double low = natural_exp(-widths[layer]), high = natural_exp(-widths[layer + 1]);
        if (layer == 0) {
            before += widths[1];
        } else if (low + unit(next_random(state)) * (high - low) < natural_exp(-x)) {
            return before + x;
        }
        uint64_t bits = next_random(state);
        layer = bits % LAYERS;
        x = unit(bits) * widths[layer];
        if (x < widths[layer + 1]) {
            return before + x;
        }
    }
}

static inline double exponential(uint64_t *state) {
    uint64_t bits = next_random(state);
    unsigned layer = bits % LAYERS;
    double x = unit(bits) * widths[layer];
    return __builtin_expect(x < widths[layer + 1], 1) ? x : exponential_at_edge(layer, x, state);
}

static inline uint64_t draw(struct thread_state *thread, uint64_t interval_bytes) {
    // A hit if and only if size + 1 >= distance: for a non-integer distance, size >= its integer part.
    double distance = exponential(&thread->random) * (double)interval_bytes;
    return (uint64_t)(int64_t)(distance < FARTHEST_BYTES ? distance : FARTHEST_BYTES);
}

static uint64_t draw_first(struct thread_state *thread, uint64_t interval_bytes) {
    if (interval_bytes == 0) {
        return (uint64_t)FARTHEST_BYTES;
    }
    if (thread->random == 0) {
        seed(thread);
    }
    return draw(thread, interval_bytes);
}

// ---- The choice ----

enum { OFF, USED_UP, FIRST_OF_INTERVAL };

static uintptr_t countdown_for(struct sampler *self, uint64_t interval_bytes) {
    if (interval_bytes == 0) {
        return OFF;
    }
    for (uintptr_t i = FIRST_OF_INTERVAL; i < COUNTDOWNS && interval_bytes > 1; i++) {
        uint64_t bound = 0;
        if (atomic_compare_exchange_strong(&self->intervals[i], &bound, interval_bytes) || bound == interval_bytes) {
            return i;
        }
    }
    return USED_UP;
}

void sampler_set(struct sampler *self, uint64_t interval_bytes) {
    uintptr_t chosen = countdown_for(self, interval_bytes);
    if (chosen == USED_UP) {
        atomic_store(&self->intervals[USED_UP], interval_bytes);
        atomic_fetch_add(&self->phase, 1); // after it: who has read the interval before does not have this phase
    }
    atomic_store(&self->chosen, chosen);
}

static uint64_t take_by_spare(const struct sampler *self, struct thread_state *thread, size_t size) {
    struct countdown *spare = &thread->spare;
    uint64_t phase = atomic_load(&self->phase), interval_bytes = atomic_load(&self->intervals[USED_UP]); // in this order
    if (interval_bytes == 1) {
        return 1;
    }
    if (spare->phase != phase) {
        spare->left_bytes = draw_first(thread, interval_bytes);
        spare->interval_bytes = interval_bytes;
        spare->phase = phase;
    }
    if (sampler_count_down(&spare->left_bytes, size)) {
        return 0;
    }
    spare->left_bytes = draw(thread, spare->interval_bytes);
    return spare->interval_bytes;
}

// The thread has not drawn yet, or the profiler is off, or was started or stopped just now, or a signal handler has drawn.
static __attribute__((noinline)) uint64_t take_after_change(const struct sampler *self, struct thread_state *thread, size_t size,
                                                            uintptr_t chosen) {
    uint64_t *left = &thread->left_bytes[chosen], interval_bytes = atomic_load(&self->intervals[chosen]);
    if (chosen == USED_UP) {
        return take_by_spare(self, thread, size);
    }
    if ((thread->drawn >> chosen & 1) == 0) {
        *left = draw_first(thread, interval_bytes);
        thread->drawn |= UINT32_C(1) << chosen;
    }
    if (sampler_count_down(left, size)) {
        return 0;
    }
    *left = draw_first(thread, interval_bytes);
    return interval_bytes;
}

uint64_t sampler_take(const struct sampler *self, struct thread_state *thread, size_t size) {
    uintptr_t chosen = atomic_load_explicit(&self->chosen, memory_order_acquire);
    uint64_t *left = &thread->left_bytes[chosen], interval_bytes = atomic_load_explicit(&self->intervals[chosen], memory_order_relaxed);
    if (interval_bytes == 1) {
        return 1;
    }
    if (chosen < FIRST_OF_INTERVAL || (thread->drawn >> chosen & 1) == 0 || size < *left) {
        return take_after_change(self, thread, size, chosen);
    }
    *left = draw(thread, interval_bytes);
    return interval_bytes;
}

void sampler_forget(struct thread_state *thread) {
    memset(thread->left_bytes, 0, sizeof thread->left_bytes);
    thread->drawn = 0;
    memset(&thread->spare, 0, sizeof thread->spare);
    thread->random = 0;
}

// ---- Weights ----

double sampler_weight(size_t size, uint64_t interval_bytes) {
    if (interval_bytes <= 1) {
        return 1;
    }
    return -1 / natural_expm1(-((double)size + 1) / (double)interval_bytes);
}
