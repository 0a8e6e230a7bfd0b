// stack_budget.c: how much stack a hook takes, with every allocation sampled: the first call of a thread (which has nothing remembered),
// the first from a place in the code, and any later one. The stack below the caller is painted, and looked at after the call. At most 4 KiB
// more than the allocator behind takes by itself: a thread may have 16 KiB in all, a goroutine's signal stack has 32.
// usage: stack_budget WITHOUT_BYTES, which is what the same program without cmemprof has printed; 0 there.

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

enum { PAINTED_BYTES = 48 * 1024, LEAST = 1024, BUDGET = 4096, PAINT = 0xa7 };

static char *volatile kept;
static void *aligned;

// Every one of them a call from another place.
static __attribute__((noinline)) void call(unsigned what) {
    switch (what) {
    case 0:
        kept = malloc(100);
        break;
    case 1:
        kept = realloc(kept, 5000);
        break;
    case 2:
        free(kept);
        break;
    case 3:
        kept = calloc(10, 10);
        break;
    case 4:
        kept = reallocarray(kept, 20, 20);
        break;
    case 5:
        free(kept);
        break;
    case 6:
        (void)!posix_memalign(&aligned, 64, 100);
        break;
    case 7:
        free(aligned);
        break;
    case 8:
        kept = aligned_alloc(64, 128);
        break;
    case 9:
        free(kept);
        break;
    case 10:
        kept = malloc(200000);
        break;
    case 11:
        kept = realloc(kept, 500000);
        break;
    case 12:
        free(kept);
        break;
    }
}
enum { CALLS = 13 };

static size_t used[CALLS];

// Below the stack pointer nothing is anybody's; no signal comes here. memset itself would use the stack that it paints.
static __attribute__((noinline)) size_t measure(unsigned what) {
    volatile char here;
    volatile char *top = &here - LEAST, *bottom = &here - PAINTED_BYTES;
    for (volatile char *at = bottom; at < top; at++) {
        *at = (char)PAINT;
    }
    call(what);
    volatile char *at = bottom;
    while (at < top && *at == (char)PAINT) {
        at++;
    }
    return (size_t)(&here - at);
}

static void *run(void *context) {
    for (unsigned i = 0; i < CALLS; i++) {
        size_t bytes = measure(i);
        used[i] = bytes > used[i] ? bytes : used[i];
    }
    return context;
}

int main(int argc, char **argv) {
    static const char *const names[CALLS] = {"malloc",        "realloc",        "free",           "calloc",        "reallocarray",
                                             "free",          "posix_memalign", "free (aligned)", "aligned_alloc", "free",
                                             "malloc, large", "realloc, large", "free, large"};
    size_t without = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, most = 0;
    hazard_start();
    // Three threads one after the other: the first finds everything cold, the last only itself new.
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, run, NULL) == 0, "thread");
        pthread_join(thread, NULL);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        most = used[i] > most ? used[i] : most;
        fprintf(stderr, "%-16s %5zu bytes\n", names[i], used[i]);
    }
    printf("most stack: %zu\n", most);
    CHECK(without == 0 || most <= without + BUDGET, "%zu bytes, and %zu without cmemprof", most, without);
    return hazard_finish();
}
