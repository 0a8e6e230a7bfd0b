// unwind.c: the cost of unwinding a C frame in a sample, with warm caches. bench/capture-unwind builds it, and again with -DWITH_LIBUNWIND
// if that library is installed.
//
// Prints lines "KIND NANOSECONDS", per frame, the minimum of ROUNDS rounds: fresh, all frames by cached rows; remembered, the stack is
// unchanged since the last walk; leaf, all but the innermost frames are; libunwind or glibc, its walk of the same stack.
// "frames" is the stack's depth.
#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "../cmemprof/code_loader.h"
#include "../cmemprof/unwind.h"
#ifdef WITH_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

enum { WALKS = 1000, ROUNDS = 400, LEVELS = 16, MAX_FRAMES = 64 };

static struct unwinder unwinder;
static struct unwind_memo memo;
static __thread struct thread_state thread;

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static __attribute__((noinline)) void unwind_once(void) {
    struct unwind_start start = machine_caller(MACHINE_FRAME);
    unwind_stack(&unwinder, &thread, &start, &memo);
}

static void fresh(int i) {
    (void)i;
    for (int trail = 0; trail < 2; trail++) {
        memo.trails[trail].steps_begin = memo.trails[trail].steps_end;
    }
    unwind_once();
}

static void remembered(int i) {
    (void)i;
    unwind_once();
}

static __attribute__((noinline)) void leaf_left(void) {
    unwind_once();
    __asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void leaf_right(void) {
    unwind_once();
    __asm__ volatile("nop" ::: "memory");
}

static void leaf(int i) {
    (i & 1 ? leaf_left : leaf_right)();
}

static void *pcs[MAX_FRAMES];
static int peer_frames;
#ifdef WITH_LIBUNWIND
static void libunwind(int i) {
    (void)i;
    peer_frames = unw_backtrace(pcs, MAX_FRAMES);
}
#else
static void glibc(int i) {
    (void)i;
    peer_frames = backtrace(pcs, MAX_FRAMES);
}
#endif

static void measure(const char *name, void (*walk)(int), int walks) {
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = cpu_ns();
        for (int i = 0; i < walks; i++) {
            walk(i);
        }
        double ns = (double)(cpu_ns() - start) / walks;
        best = round == 0 || ns < best ? ns : best;
    }
    printf("%s %.3f\n", name, best / (peer_frames ? peer_frames : (int)memo.depth_frames));
}

static __attribute__((noinline)) void measure_all(void) {
    measure("fresh", fresh, WALKS);
    printf("frames %u\n", memo.depth_frames);
    measure("remembered", remembered, WALKS);
    measure("leaf", leaf, WALKS);
    measure("fresh-again", fresh, WALKS);
#ifdef WITH_LIBUNWIND
    measure("libunwind", libunwind, WALKS);
#else
    measure("glibc", glibc, WALKS / 20);
#endif
}

// Frames of several kinds: small, large, and of dynamic size (by RBP).
static __attribute__((noinline)) void down(int levels) {
    volatile char small[24];
    small[0] = 0;
    if (levels == 0) {
        measure_all();
    } else if (levels % 4 == 1) {
        volatile char *variable = __builtin_alloca((size_t)levels * 16);
        variable[0] = 0;
        down(levels - 1);
        __asm__ volatile("" ::"r"(variable) : "memory");
    } else {
        down(levels - 1);
    }
    __asm__ volatile("" ::"r"(small) : "memory");
}

int main(void) {
    code_loader_look();
    down(LEVELS);
    return 0;
}
