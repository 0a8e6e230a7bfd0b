// stack_budget.c: measures a hook's stack use with every allocation sampled: a thread's first call (with an empty memo), the first call
// from a site, and any later one. The stack below the caller is filled with a pattern, which is checked after the call. At most 4 KiB more
// than the real allocator: a thread may have 16 KiB in all, a goroutine's signal stack 32. usage: stack_budget WITHOUT_BYTES: output of the
// same program without cmemprof; 0 for that run itself.

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

enum { PAINTED_BYTES = 48 * 1024, MIN_BYTES = 1024, BUDGET = 4096, PAINT = 0xa7 };

static char *volatile kept;
static void *aligned;

// Each is a call from a different site.
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

// Memory below the stack pointer is unused; no signal arrives here. memset itself would use the stack that it fills.
static __attribute__((noinline)) size_t measure(unsigned what) {
    volatile char here;
    volatile char *top = &here - MIN_BYTES, *bottom = &here - PAINTED_BYTES;
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
    // Three threads in sequence: for the first everything is cold, for the last only its own state.
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
