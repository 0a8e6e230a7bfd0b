// sampler.c: see sampler.h for the maths.

#include "sampler.h"

#include <math.h>
#include <time.h>

// splitmix64 (Steele, Lea, Flood 2014): 64 bits of state, any seed is good, no multiplication table.
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// The address of the state differs between threads, the time between processes. clock_gettime is a vDSO call: no lock, no allocation.
static void seed(struct thread_state *thread) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t state = (uintptr_t)thread ^ ((uint64_t)now.tv_nsec << 32) ^ (uint64_t)now.tv_sec;
    thread->random = next_random(&state) | 1;
}

void sampler_next(struct thread_state *thread, uint64_t interval_bytes) {
    thread->interval_bytes = interval_bytes;
    if (interval_bytes <= 1) {
        thread->countdown_bytes = 0; // every allocation; when off, every one asks
        return;
    }
    if (thread->random == 0) {
        seed(thread);
    }
    // u in (0, 1]: 53 random bits, never 0. ceil makes the integer countdown exact: hit if and only if size + 1 >= distance.
    double u = (double)((next_random(&thread->random) >> 11) + 1) * 0x1p-53;
    double distance = ceil(-log(u) * (double)interval_bytes);
    thread->countdown_bytes = distance < 1 ? 0 : (uint64_t)distance - 1;
}

bool sampler_take(struct thread_state *thread, size_t size, uint64_t interval_bytes, uint64_t *drawn_interval_bytes) {
    if (thread->interval_bytes == 0 || interval_bytes == 0) {
        sampler_next(thread, interval_bytes); // just switched on, or off
        if (interval_bytes == 0 || sampler_pass(thread, size)) {
            return false;
        }
    }
    *drawn_interval_bytes = thread->interval_bytes;
    return true;
}

double sampler_weight(size_t size, uint64_t interval_bytes) {
    if (interval_bytes <= 1) {
        return 1;
    }
    return -1 / expm1(-((double)size + 1) / (double)interval_bytes);
}
