// snapshots.c: profiles in a loop while 64 threads allocate. In each, no more is in use than was allocated, and allocated values only grow.
//
// In the short form the threads rest between their turns. If all of them want a processor at any time, the one that takes profiles gets
// each 65th turn and waits for those that were interrupted in a sample: 40 s of CPU time for ten profiles, which make torture takes.

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "hazard.h"

enum { THREADS = 64, PROFILES = 10, SHORT_PROFILES = 100, PAUSE_US = 3000 };

static volatile int stop;
static bool is_short;

static void *allocate(void *context) {
    for (uint64_t seed = (uintptr_t)context; !stop; seed += THREADS) {
        hazard_churn(seed, 50);
        if (is_short) {
            usleep(PAUSE_US);
        }
    }
    return NULL;
}

int main(void) {
    is_short = hazard_scaled(1) == 1;
    hazard_start();
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)i) == 0, "thread");
    }
    struct hazard_totals last = {0};
    for (unsigned i = 0; i < (is_short ? SHORT_PROFILES : hazard_scaled(PROFILES)); i++) {
        struct hazard_totals totals;
        CHECK(hazard_profile(&totals), "no profile");
        CHECK(totals.inuse_objects <= totals.alloc_objects && totals.inuse_bytes <= totals.alloc_bytes,
              "in use %lld objects, %lld bytes; allocated %lld, %lld", (long long)totals.inuse_objects, (long long)totals.inuse_bytes,
              (long long)totals.alloc_objects, (long long)totals.alloc_bytes);
        CHECK(totals.alloc_objects >= last.alloc_objects && totals.alloc_bytes >= last.alloc_bytes, "%lld objects after %lld",
              (long long)totals.alloc_objects, (long long)last.alloc_objects);
        last = totals;
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return hazard_finish();
}
