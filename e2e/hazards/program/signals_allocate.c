// signals_allocate.c: handlers that call malloc and free, as bad programs do, at 4 kHz in every thread, also during the hook itself. The
// real allocator allows it (signal_safe_allocator.c), so any failure is the hook's. Afterwards each thread must still be sampled correctly:
// a handler between a test and a subtraction must not leave a countdown that never ends.

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hazard.h"

enum { THREADS = 4, SIGNALS = 1500, NS = 250000, TAIL_BLOCKS = 40, TAIL_BYTES = 1 << 20 };

static _Atomic unsigned signals;
static _Atomic uint64_t allocations;

static void *counted_malloc(size_t size) {
    allocations++;
    void *block = malloc(size);
    CHECK(block, "no memory");
    return block;
}

static void on_timer(int number) {
    (void)number;
    char *block = counted_malloc(300);
    memset(block, 1, 300);
    allocations++;
    block = realloc(block, 800);
    CHECK(block && block[299] == 1, "contents");
    free(block);
    free(hazard_opaque(counted_malloc(20)));
    signals++;
    hazard_did(HAZARD_SIGNALS);
}

static void *run(void *context) {
    (void)context;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    struct itimerspec period = {{0, NS}, {0, NS}};
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &period, NULL) == 0, "timer");
    while (signals < hazard_counted(SIGNALS)) {
        for (int i = 0; i < 20; i++) {
            char *block = counted_malloc(200);
            memset(block, 2, 200);
            free(hazard_opaque(counted_malloc(10)));
            CHECK(block[199] == 2, "contents");
            free(block);
        }
    }
    CHECK(timer_delete(timer) == 0, "timer");
    sigset_t none_of_it; // one may still be on its way
    sigemptyset(&none_of_it);
    sigaddset(&none_of_it, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &none_of_it, NULL);
    // 40 MiB: at the default rate 80 samples are expected, and none has a probability of 10^-35.
    static _Atomic int one_at_a_time;
    while (__atomic_exchange_n((int *)&one_at_a_time, 1, __ATOMIC_ACQUIRE) != 0) {
        sched_yield();
    }
    struct cmemprof_stats before, after;
    hazard_stats(&before);
    for (int i = 0; i < TAIL_BLOCKS; i++) {
        free(hazard_opaque(counted_malloc(TAIL_BYTES)));
    }
    hazard_stats(&after);
    __atomic_store_n((int *)&one_at_a_time, 0, __ATOMIC_RELEASE);
    CHECK(!hazard_sampling() || after.samples > before.samples, "a thread is never sampled again");
    return NULL;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGPROF, &action, NULL) == 0, "sigaction");
    hazard_start();
    struct cmemprof_stats before, after;
    hazard_stats(&before);
    pthread_t threads[THREADS];
    uint64_t of_pthread = THREADS; // pthread_create allocates once
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0, "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    hazard_stats(&after);
    uint64_t samples = after.samples - before.samples, nested = after.unsampled_nested - before.unsampled_nested;
    if (hazard_rate() == 1) {
        CHECK(samples + nested == allocations + of_pthread, "%llu samples and %llu dropped of %llu allocations",
              (unsigned long long)samples, (unsigned long long)nested, (unsigned long long)(allocations + of_pthread));
    }
    return hazard_finish();
}
