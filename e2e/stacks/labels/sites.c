// sites.c: see sites.h.

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "sites.h"

static void take(size_t size, bool keep) {
    void *volatile block = malloc(size);
    if (!keep) {
        free(block);
    }
}

#define SITE __attribute__((noinline))

SITE void allocate(size_t size, bool keep) {
    take(size, keep);
    __asm__ volatile("");
}

SITE void allocate_in_callback(void) {
    take(100, false);
    __asm__ volatile("");
}

static SITE void allocate_before(void) {
    take(100, false);
    __asm__ volatile("");
}

static SITE void allocate_after(void) {
    take(100, false);
    __asm__ volatile("nop"); // or the compiler takes it for the one above
}

static void *thread_main(void *unused) {
    allocate_before();
    for (int i = 0; i < 2; i++) {
        goCallback(i);
        allocate_after();
    }
    return unused;
}

void run_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_main, NULL) != 0) {
        abort();
    }
    pthread_join(thread, NULL);
}

// ---- The handler ----

static volatile int wanted, count;
static pthread_t target;

// malloc in a handler is safe here: the thread that it interrupts runs Go, or C that takes no lock.
static SITE void allocate_in_handler(int number) {
    (void)number;
    take(100, false);
    count++;
}

static void *interrupt(void *unused) {
    const struct timespec pause = {0, 50000};
    for (int sent = 0; wanted >= 0; nanosleep(&pause, NULL)) {
        if (sent < wanted) {
            sent++;
            pthread_kill(target, SIGUSR1);
        }
    }
    return unused;
}

void interrupt_this_thread(void) {
    struct sigaction action = {.sa_handler = allocate_in_handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    pthread_t interrupter;
    sigaction(SIGUSR1, &action, NULL);
    target = pthread_self();
    if (pthread_create(&interrupter, NULL, interrupt, NULL) != 0) {
        abort();
    }
    pthread_detach(interrupter);
}

void want_interrupt(void) {
    wanted++;
}

int handled(void) {
    return count;
}
