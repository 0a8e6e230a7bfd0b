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

static inline void draw(struct thread_state *thread, uint64_t interval_bytes) {
    // A hit if and only if size + 1 >= distance: for a non-integer distance, size >= its integer part.
    double distance = exponential(&thread->random) * (double)interval_bytes;
    thread->countdown_bytes = (uint64_t)(int64_t)(distance < FARTHEST_BYTES ? distance : FARTHEST_BYTES);
}

void sampler_next(struct thread_state *thread, uint64_t interval_bytes) {
    thread->interval_bytes = interval_bytes;
    if (interval_bytes <= 1) {
        thread->countdown_bytes = 0; // interval 1: samples every allocation; off: takes the slow path every time
        return;
    }
    if (thread->random == 0) {
        seed(thread);
    }
    draw(thread, interval_bytes);
}

// The interval has changed, or is 0 or 1.
static __attribute__((noinline)) uint64_t take_after_change(struct thread_state *thread, size_t size, uint64_t interval_bytes) {
    if (thread->interval_bytes == 0 || interval_bytes == 0) {
        sampler_next(thread, interval_bytes); // just started or stopped
        if (interval_bytes == 0 || sampler_pass(thread, size)) {
            return 0;
        }
    }
    uint64_t drawn_interval_bytes = thread->interval_bytes;
    sampler_next(thread, interval_bytes);
    return drawn_interval_bytes;
}

uint64_t sampler_take(struct thread_state *thread, size_t size, uint64_t interval_bytes) {
    if (thread->interval_bytes != interval_bytes || interval_bytes <= 1) {
        return take_after_change(thread, size, interval_bytes);
    }
    draw(thread, interval_bytes);
    return interval_bytes;
}

double sampler_weight(size_t size, uint64_t interval_bytes) {
    if (interval_bytes <= 1) {
        return 1;
    }
    return -1 / natural_expm1(-((double)size + 1) / (double)interval_bytes);
}
