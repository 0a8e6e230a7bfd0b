// address_space.c: a program whose address space is limited (ulimit -v) keeps nearly all of it, also while profiles are taken and
// symbolized.

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hazard.h"

enum { LIMIT_MB = 1024, OWN_MB = 700, PROFILES = 10 };

static volatile int stop;
static sem_t began; // a profile is soon taken, and a busy machine begins the thread late

static void *allocate(void *unused) {
    (void)unused;
    unsigned rounds = 0;
    for (; !stop; rounds++) {
        void *block = hazard_opaque(malloc((size_t)OWN_MB << 20));
        CHECK(block, "%d MB of %d were not to be had in round %u", OWN_MB, LIMIT_MB, rounds);
        free(block);
        if (rounds == 0) {
            sem_post(&began);
        }
    }
    return NULL;
}

int main(void) {
    pthread_t thread;
    struct hazard_totals totals;
    CHECK(setrlimit(RLIMIT_AS, &(struct rlimit){(rlim_t)LIMIT_MB << 20, RLIM_INFINITY}) == 0, "setrlimit");
    hazard_start();
    hazard_churn(1, 1000);
    CHECK(sem_init(&began, 0, 0) == 0 && pthread_create(&thread, NULL, allocate, NULL) == 0, "thread");
    sem_wait(&began);
    for (unsigned i = 0; i < hazard_scaled(PROFILES); i++) {
        CHECK(hazard_profile(&totals), "no profile");
        usleep(1000);
    }
    stop = 1;
    pthread_join(thread, NULL);
    setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    return hazard_finish();
}
