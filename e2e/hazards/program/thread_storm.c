// thread_storm.c: threads start and end all the time, and allocate from start to end: in destructors of thread-specific data, which run
// repeatedly, and while glibc frees a thread's own data (ddprof#490, bytehound#131, gperftools PR#1080).

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

enum { KEYS = 4, STARTERS = 4, ROUNDS = 60 };

static pthread_key_t keys[KEYS];
static _Atomic unsigned destroyed;
static unsigned rounds;

// Sets its key again, so that glibc calls it in each of its four rounds.
static void destroy(void *block) {
    unsigned left = *(unsigned char *)block;
    free(block);
    hazard_churn(left, 10);
    destroyed++;
    if (left > 0) {
        unsigned char *next = malloc(10 + left * 1000);
        CHECK(next, "no memory");
        *next = (unsigned char)(left - 1);
        pthread_setspecific(keys[0], next);
    }
}

static void *run(void *context) {
    for (int i = 0; i < KEYS; i++) {
        unsigned char *block = calloc(1, 100);
        CHECK(block, "no memory");
        *block = i == 0 ? 2 : 0;
        pthread_setspecific(keys[i], block);
    }
    hazard_churn((uintptr_t)context, 20);
    if ((uintptr_t)context % 2 == 0) {
        pthread_exit(malloc(8)); // its result, for who joins it
    }
    return malloc(8);
}

static void *start(void *context) {
    for (uintptr_t i = 0; i < rounds; i++) {
        pthread_t thread[2];
        for (uintptr_t k = 0; k < 2; k++) {
            CHECK(pthread_create(&thread[k], NULL, run, (void *)((uintptr_t)context + 2 * i + k)) == 0, "thread");
        }
        for (int k = 0; k < 2; k++) {
            void *result;
            CHECK(pthread_join(thread[k], &result) == 0 && result, "join");
            free(result);
            hazard_did(HAZARD_THREADS);
        }
    }
    return NULL;
}

int main(void) {
    hazard_start();
    for (int i = 0; i < KEYS; i++) {
        CHECK(pthread_key_create(&keys[i], destroy) == 0, "key");
    }
    rounds = (hazard_counted(STARTERS * ROUNDS * 2) + STARTERS * 2 - 1) / (STARTERS * 2);
    hazard_profiles_begin(1);
    pthread_t starters[STARTERS];
    for (uintptr_t i = 0; i < STARTERS; i++) {
        CHECK(pthread_create(&starters[i], NULL, start, (void *)(i * 10000)) == 0, "thread");
    }
    for (int i = 0; i < STARTERS; i++) {
        pthread_join(starters[i], NULL);
    }
    hazard_profiles_end();
    CHECK(destroyed == STARTERS * rounds * 2 * (KEYS + 2), "%u destructors ran", destroyed);
    return hazard_finish();
}
