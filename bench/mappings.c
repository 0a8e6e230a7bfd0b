// mappings.c: measures the CPU time of mmap and munmap of one mapping of 64 KiB. bench/capture-mappings builds it with and without
// libcmemprof.a and compares.
//
// usage: mappings RATE
// RATE is the sampling interval in bytes if cmemprof is linked (0: stopped), and is ignored otherwise. Prints lines "CASE NANOSECONDS":
//   same        always the same stack; nothing is touched
//   touched     one page is written to
//   stacks      64 stacks in turn
//   among       as same, beside 5,000 other mappings
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "capture_go/pairs.h"
#ifdef WITH_CMEMPROF
#include "../cmemprof/cmemprof.h"
#endif

enum { SIZE = 64 << 10, PAIRS = 400, OTHERS = 5000, DEPTH = 16 };

// Far from all else: the kernel joins neighbouring mappings, which takes longer and depends on what happens to be mapped nearby.
static char *const far_away = (char *)0x200000000000;

static void map_pair(int touch) {
    char *base = mmap(far_away, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (base == MAP_FAILED) {
        abort();
    }
    if (touch) {
        *(volatile char *)base = 1;
    }
    munmap(base, SIZE);
}

static void left(unsigned depth, unsigned path, int touch);
static void right(unsigned depth, unsigned path, int touch);

static inline void go_down(unsigned depth, unsigned path, int touch) {
    (path & 1 ? right : left)(depth, path >> 1, touch);
}

static __attribute__((noinline)) void left(unsigned depth, unsigned path, int touch) {
    if (depth == 0) {
        map_pair(touch);
    } else {
        go_down(depth - 1, path, touch);
    }
    __asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void right(unsigned depth, unsigned path, int touch) {
    if (depth == 0) {
        map_pair(touch);
    } else {
        go_down(depth - 1, path, touch);
    }
    __asm__ volatile("" ::: "memory");
}

static void measure(const char *name, unsigned paths, int touch) {
    double least = 0;
    for (int round = 0; round < ROUNDS * 8; round++) {
        uint64_t start = cpu_ns();
        for (unsigned i = 0; i < PAIRS; i++) {
            go_down(DEPTH, i % paths, touch);
        }
        double ns = (double)(cpu_ns() - start) / PAIRS;
        least = round == 0 || ns < least ? ns : least;
    }
    printf("%s %.1f\n", name, least);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: mappings RATE\n", stderr);
        return 2;
    }
#ifdef WITH_CMEMPROF
    uint64_t interval = strtoull(argv[1], NULL, 10);
    enum cmemprof_error error = cmemprof_start(interval ? interval : CMEMPROF_DEFAULT_INTERVAL_BYTES);
    if (error != CMEMPROF_OK) {
        fprintf(stderr, "mappings: %s\n", cmemprof_error_text(error));
        return 1;
    }
    if (interval == 0) {
        cmemprof_stop();
    }
#endif
    measure("same", 1, 0);
    measure("touched", 1, 1);
    measure("stacks", 64, 0);
    for (int i = 0; i < OTHERS; i++) { // with other rights in turn, or the kernel would join them
        if (mmap(NULL, SIZE, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
            abort();
        }
    }
    measure("among", 1, 0);
    return 0;
}
