// pairs.h: the loops that bench/capture measures, shared by the C program (capture.c) and the Go program (main.go).
//
// Times are CPU time of the calling thread. Must be compiled with -fno-builtin-malloc, or the pairs would be optimized away.
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 8, ROUND_NS = 4 * 1000 * 1000 };

static inline uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline void pair(size_t size) {
    char *block = malloc(size);
    if (!block) {
        abort();
    }
    *(volatile char *)block = 1;
    free(block);
}

// ---- Always the same stack ----

static __attribute__((noinline)) uint64_t pairs(uint64_t count, size_t size) {
    uint64_t start = cpu_ns();
    for (uint64_t i = 0; i < count; i++) {
        pair(size);
    }
    return cpu_ns() - start;
}

// One frame per level: code after the call prevents a tail call.
static __attribute__((noinline)) uint64_t descend(unsigned depth, uint64_t count, size_t size) {
    uint64_t ns = depth == 0 ? pairs(count, size) : descend(depth - 1, count, size);
    __asm__ volatile("" ::: "memory");
    return ns;
}

// ---- A different stack every time: 64 paths, each level one of two functions ----

static void walk_left(unsigned depth, unsigned path, size_t size);
static void walk_right(unsigned depth, unsigned path, size_t size);

static inline void walk(unsigned depth, unsigned path, size_t size) {
    (path & 1 ? walk_right : walk_left)(depth, path >> 1 | (path & 1) << 5, size);
}

static __attribute__((noinline)) void walk_left(unsigned depth, unsigned path, size_t size) {
    if (depth == 0) {
        pair(size);
    } else {
        walk(depth - 1, path, size);
    }
    __asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void walk_right(unsigned depth, unsigned path, size_t size) {
    if (depth == 0) {
        pair(size);
    } else {
        walk(depth - 1, path, size);
    }
    __asm__ volatile("nop" ::: "memory"); // prevents the compiler from folding the two functions
}

// The outermost level changes every time, so no frame below this function matches the previous sample.
static __attribute__((noinline)) uint64_t walks(unsigned depth, uint64_t count, size_t size) {
    uint64_t start = cpu_ns();
    for (uint64_t i = 0; i < count; i++) {
        walk(depth, i % 64, size);
    }
    return cpu_ns() - start;
}

// ---- Minima ----

// The minimum of ROUNDS rounds of equal length, in ns per pair. Both kinds have depth + 3 frames below this function.
static __attribute__((noinline)) double minimum_ns(int walking, unsigned depth, size_t size) {
    uint64_t count = 64, ns;
    // Doubles until a round is long enough to be timed; this also warms up caches and tables.
    while ((ns = walking ? walks(depth, count, size) : descend(depth, count, size)) < ROUND_NS) {
        count = ns < ROUND_NS / 16 ? count * 8 : count * ROUND_NS / ns + count / 16 + 1;
    }
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        ns = walking ? walks(depth, count, size) : descend(depth, count, size);
        double each = (double)ns / (double)count;
        best = round == 0 || each < best ? each : best;
    }
    return best;
}

#endif
