// alternate_stacks.c: allocations in signal handlers on alternate stacks, which are mapped between inaccessible pages, used and unmapped
// (libunwind#661, ddprof#213). The thread raises the signals itself, so the handler may allocate; it may also jump out, like a program that
// recovers from SIGSEGV.

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hazard.h"

enum { THREADS = 4, ROUNDS = 100, STACK_BYTES = 16 * 1024, PAGE = 4096 };

static __thread sigjmp_buf recovery;
static _Atomic unsigned handled, recovered;

static void on_signal(int number) {
    (void)number;
    hazard_churn(1, 5);
    handled++;
}

static void on_fault(int number) {
    (void)number;
    hazard_churn(2, 5);
    free(hazard_opaque(malloc(3000)));
    siglongjmp(recovery, 1);
}

static __attribute__((noinline)) void fault(volatile int *nowhere) {
    *nowhere = 1;
}

static void *run(void *context) {
    volatile int *nowhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (volatile uintptr_t i = 0; i < hazard_scaled(ROUNDS); i++) { // volatile: it is needed after the jump
        char *map = mmap(NULL, STACK_BYTES + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(map != MAP_FAILED && mprotect(map + PAGE, STACK_BYTES, PROT_READ | PROT_WRITE) == 0, "mmap");
        stack_t stack = {.ss_sp = map + PAGE, .ss_size = STACK_BYTES}, off = {.ss_flags = SS_DISABLE};
        CHECK(sigaltstack(&stack, NULL) == 0, "sigaltstack");
        raise(SIGUSR1);
        if (sigsetjmp(recovery, 1) == 0) {
            fault(nowhere);
            CHECK(false, "no fault");
        }
        recovered++;
        hazard_churn((uintptr_t)context + i, 10);
        CHECK(sigaltstack(&off, NULL) == 0, "sigaltstack off");
        munmap(map, STACK_BYTES + 2 * PAGE);
        hazard_churn((uintptr_t)context + i, 10);
    }
    munmap((void *)nowhere, PAGE);
    return NULL;
}

int main(void) {
    hazard_start();
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
    action.sa_handler = on_fault;
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(i * 1000)) == 0, "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(handled == THREADS * hazard_scaled(ROUNDS) && recovered == handled, "%u handled, %u recovered", handled, recovered);
    return hazard_finish();
}
