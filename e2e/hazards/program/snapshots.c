// snapshots.c: profiles in a loop while 64 threads allocate. In each, no more is in use than was allocated, and allocated values only grow.

#include <pthread.h>
#include <stdlib.h>

#include "hazard.h"

enum { THREADS = 64, PROFILES = 10 };

static volatile int stop;

static void *allocate(void *context) {
    for (uint64_t seed = (uintptr_t)context; !stop; seed += THREADS) {
        hazard_churn(seed, 50);
    }
    return NULL;
}

int main(void) {
    hazard_start();
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)i) == 0, "thread");
    }
    struct hazard_totals last = {0};
    for (unsigned i = 0; i < hazard_scaled(PROFILES); i++) {
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
