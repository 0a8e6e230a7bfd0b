// live_heap.c: the cost of an allocation must not grow with the number of live samples (dd-trace-py#13307: five times as much). Compares
// the thread's CPU time for the same work before and after many sampled blocks are kept. A walk through the live samples would be slower by
// a factor of thousands; the test allows eight, for caches, page faults and a busy machine, and three attempts.

#include <stdlib.h>
#include <time.h>

#include "hazard.h"

enum { KEPT = 40000, PAIRS = 20000, ROUNDS = 5, ALLOWED = 8 };

static void *kept[KEPT];

static double pairs_ns(void) {
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec start, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        for (int i = 0; i < PAIRS; i++) {
            free(hazard_opaque(malloc(64)));
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
        best = ns < best ? ns : best;
    }
    return best / PAIRS;
}

int main(void) {
    hazard_start();
    double before = 0, after = 0;
    for (int attempt = 0; attempt < 3; attempt++) {
        before = pairs_ns();
        for (int i = 0; i < KEPT; i++) {
            kept[i] = malloc(64);
        }
        after = pairs_ns();
        struct cmemprof_stats stats;
        hazard_stats(&stats);
        CHECK(hazard_rate() != 1 || stats.live + stats.lost_live >= KEPT, "%llu samples are alive", (unsigned long long)stats.live);
        for (int i = 0; i < KEPT; i++) {
            free(kept[i]);
        }
        if (after < before * ALLOWED + 50) {
            break;
        }
    }
    CHECK(after < before * ALLOWED + 50, "%.0f ns a pair with nothing alive, %.0f with %d blocks", before, after, KEPT);
    return hazard_finish();
}
