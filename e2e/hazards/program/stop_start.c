// stop_start.c: stops and starts the profiler at changing rates while eight threads allocate. Blocks sampled before a stop are freed after
// it, and nothing may be in use at the end.

#include <pthread.h>
#include <stdlib.h>

#include "hazard.h"

enum { THREADS = 8, ROUNDS = 300 };

static volatile int stop;

static void *allocate(void *context) {
    for (uint64_t seed = (uintptr_t)context; !stop; seed++) {
        hazard_churn(seed, 100);
    }
    return NULL;
}

int main(void) {
    struct cmemprof_stats before, now;
    hazard_start();
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)(i * 1000)) == 0, "thread");
    }
    hazard_profiles_begin(1);
    for (unsigned i = 0; i < hazard_counted(ROUNDS); i++) {
        hazard_stop();
        hazard_churn(i, 30);
        hazard_stats(&before);
        CHECK(before.interval_bytes == 0, "stopped, and the rate is %llu", (unsigned long long)before.interval_bytes);
        hazard_start();
        hazard_churn(i, 30);
        hazard_stats(&now);
        CHECK(now.interval_bytes == hazard_rate(), "started, and the rate is %llu", (unsigned long long)now.interval_bytes);
        CHECK(hazard_rate() != 1 || now.samples > before.samples, "nothing was sampled after a start");
        hazard_did(HAZARD_STARTS);
    }
    hazard_profiles_end();
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    hazard_stop();
    hazard_churn(1, 100); // adopts the stop, whatever was drawn before
    hazard_stats(&before);
    hazard_churn(1, 10000);
    hazard_stats(&now);
    CHECK(before.samples == now.samples, "%llu samples after the stop", (unsigned long long)(now.samples - before.samples));
    CHECK(now.live <= THREADS, "%llu samples are alive and nothing is", (unsigned long long)now.live); // what glibc keeps for threads
    return hazard_finish();
}
