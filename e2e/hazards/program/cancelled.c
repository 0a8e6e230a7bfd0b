// cancelled.c: threads that are cancelled. malloc and free are not cancellation points, and the hooks must not make them one: with a
// request pending, a thread runs until it reaches one, then its clean-up handlers allocate and free.

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "hazard.h"

enum { ROUNDS = 60 };

static volatile int running, requested, in_vain;
static _Atomic unsigned cleaned;

static void clean_up(void *block) {
    free(block);
    hazard_churn(1, 20);
    cleaned++;
}

static void *run(void *context) {
    void *block = malloc(1000);
    pthread_cleanup_push(clean_up, block);
    running = 1;
    CHECK(hazard_wait(&requested), "nobody cancels");
    in_vain = 1;
    hazard_churn((uintptr_t)context, 200); // an end here would leave in_vain set
    in_vain = 0;
    for (;;) {
        pthread_testcancel();
        hazard_churn(3, 10);
    }
    pthread_cleanup_pop(1);
    return NULL;
}

int main(void) {
    hazard_start();
    hazard_profiles_begin(1);
    for (uintptr_t i = 0; i < hazard_counted(ROUNDS); i++) {
        running = requested = in_vain = 0;
        pthread_t thread;
        void *result;
        CHECK(pthread_create(&thread, NULL, run, (void *)i) == 0, "thread");
        CHECK(hazard_wait(&running), "the thread does not run");
        CHECK(pthread_cancel(thread) == 0, "cancel");
        requested = 1;
        CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED, "join");
        CHECK(in_vain == 0, "cancelled within malloc or free");
        hazard_did(HAZARD_CANCELS);
    }
    hazard_profiles_end();
    CHECK(cleaned == hazard_counted(ROUNDS), "%u handlers ran", cleaned);
    return hazard_finish();
}
