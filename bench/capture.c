// capture.c: measures malloc+free pairs, in CPU time of one thread. bench/capture builds it with and without libcmemprof.a and compares.
//
// usage: capture RATE DEPTH SIZE...
// RATE is the sampling interval in bytes where cmemprof is linked (0: stopped), and is ignored elsewhere. The pairs are made below DEPTH +
// 1 calls of descend, which with pairs, main and three frames of start-up code makes stacks of DEPTH + 6 frames. Prints one line a size,
// "SIZE NANOSECONDS": the fastest of ROUNDS rounds of equal length.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef WITH_CMEMPROF
#include "../cmemprof/cmemprof.h"
#endif

enum { ROUNDS = 8, ROUND_NS = 4 * 1000 * 1000 };

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Compiled with -fno-builtin-malloc, or the pair would be taken out.
static __attribute__((noinline)) uint64_t pairs(uint64_t count, size_t size) {
    uint64_t start = cpu_ns();
    for (uint64_t i = 0; i < count; i++) {
        char *block = malloc(size);
        if (!block) {
            abort();
        }
        *(volatile char *)block = 1;
        free(block);
    }
    return cpu_ns() - start;
}

// One frame a level: what follows the call keeps it from being a jump.
static __attribute__((noinline)) uint64_t descend(unsigned depth, uint64_t count, size_t size) {
    if (depth == 0) {
        return pairs(count, size);
    }
    uint64_t ns = descend(depth - 1, count, size);
    __asm__ volatile("" ::: "memory");
    return ns;
}

static double floor_ns(unsigned depth, size_t size) {
    uint64_t count = 64;
    // Until a round is long enough to be timed; it warms up caches and tables as well.
    for (uint64_t ns; (ns = descend(depth, count, size)) < ROUND_NS;) {
        count = ns < ROUND_NS / 16 ? count * 8 : count * ROUND_NS / ns + count / 16 + 1;
    }
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double ns = (double)descend(depth, count, size) / (double)count;
        best = round == 0 || ns < best ? ns : best;
    }
    return best;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fputs("usage: capture RATE DEPTH SIZE...\n", stderr);
        return 2;
    }
#ifdef WITH_CMEMPROF
    uint64_t interval = strtoull(argv[1], NULL, 10);
    // Started in any case, so that stopped is measured as it is in a program that once sampled.
    enum cmemprof_error error = cmemprof_start(interval ? interval : CMEMPROF_DEFAULT_INTERVAL_BYTES);
    if (error != CMEMPROF_OK) {
        fprintf(stderr, "capture: %s\n", cmemprof_error_text(error));
        return 1;
    }
    if (interval == 0) {
        cmemprof_stop();
    }
#endif
    for (int i = 3; i < argc; i++) {
        size_t size = strtoul(argv[i], NULL, 10);
        printf("%zu %.4f\n", size, floor_ns((unsigned)strtoul(argv[2], NULL, 10), size));
    }
    return 0;
}
