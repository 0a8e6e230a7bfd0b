// signals_read.c: a timer at 1 kHz for each thread, whose handler looks through the interrupted stack as CPU profilers do, while the
// threads allocate: signals arrive at every instruction of the hook. The handler allocates nothing; errno and what the threads do stay as
// they are.

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "hazard.h"

enum { THREADS = 4, SIGNALS = 400, NS = 1000000 };

static _Atomic unsigned signals;
static __thread volatile uintptr_t seen;

static void on_timer(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
    const uintptr_t *frame = (const uintptr_t *)registers[REG_RSP];
    seen ^= (uintptr_t)registers[REG_RIP];
    for (int i = 0; i < 16; i++) { // main's and a thread's stack have more above than this
        seen ^= frame[i];
    }
    errno = EXFULL; // a handler that does not keep errno: bad, but no business of the profiler's
    signals++;
}

static void *run(void *context) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    struct itimerspec period = {{0, NS}, {0, NS}};
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &period, NULL) == 0, "timer");
    for (uint64_t seed = (uintptr_t)context; signals < hazard_scaled(SIGNALS); seed++) {
        hazard_churn(seed, 100);
    }
    CHECK(timer_delete(timer) == 0, "timer_delete");
    return NULL;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK(sigaction(SIGPROF, &action, NULL) == 0, "sigaction");
    hazard_start();
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(i * 1000)) == 0, "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return hazard_finish();
}
