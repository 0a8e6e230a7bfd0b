// fork_storm.c: children of a process whose threads allocate all the time continue sampling, with working tables and figures that balance
// (jemalloc#2402, gperftools#569, ddprof#554). Children fork as well, also from other threads than the first.

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

enum { THREADS = 4, FORKERS = 2, CHILDREN = 20 };

static volatile int stop;

static void *allocate(void *context) {
    for (uint64_t seed = (uintptr_t)context; !stop; seed += THREADS) {
        hazard_churn(seed, 50);
    }
    return NULL;
}

static void *allocate_once(void *context) {
    hazard_churn((uintptr_t)context, 200);
    return NULL;
}

static void reap(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "fork or wait");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child ended with %#x", (unsigned)status);
}

// In a child: one thread, then two.
static void use_everything(uintptr_t number) {
    alarm(hazard_watched() ? 0 : 60);
    struct cmemprof_stats before, after;
    hazard_stats(&before);
    hazard_churn(number, 200);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, allocate_once, (void *)number) == 0, "no thread in a child");
    CHECK(pthread_join(thread, NULL) == 0, "join");
    hazard_stats(&after);
    CHECK(hazard_rate() != 1 || after.samples >= before.samples + 100, "the child took %llu samples",
          (unsigned long long)(after.samples - before.samples));
}

// Symbolizing takes most of a child's time, so in long runs few children do it.
static bool is_profiled(uintptr_t number) {
    return number % (3 * (1 + hazard_counted(CHILDREN) / 1000)) == 0;
}

static void live_on(uintptr_t number) {
    use_everything(number);
    if (number % 8 == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            use_everything(number + 1000);
            if (is_profiled(number)) {
                hazard_balance();
            }
            _exit(0);
        }
        reap(grandchild);
    }
    if (is_profiled(number)) {
        hazard_balance();
    }
    _exit(0);
}

static void *fork_some(void *context) {
    for (uintptr_t i = 0; i * FORKERS < hazard_counted(CHILDREN); i++) {
        pid_t child = fork();
        if (child == 0) {
            live_on((uintptr_t)context + i);
        }
        reap(child);
        hazard_did(HAZARD_FORKS);
    }
    return NULL;
}

int main(void) {
    hazard_start();
    pthread_t threads[THREADS], forker;
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, allocate, (void *)i) == 0, "thread");
    }
    hazard_profiles_begin(1);
    CHECK(pthread_create(&forker, NULL, fork_some, (void *)100) == 0, "thread");
    fork_some((void *)200);
    pthread_join(forker, NULL);
    hazard_profiles_end();
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return hazard_finish();
}
