// exit_race.c: exit(), _exit(), quick_exit() and a return from main while other threads, atexit handlers and destructors allocate. The
// process must end with the requested status.

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

enum { THREADS = 4, ROUNDS = 12 };

static volatile int running;

static void *allocate(void *context) {
    for (uint64_t seed = (uintptr_t)context;; seed++) {
        hazard_churn(seed, 20);
        running = 1;
    }
    return NULL;
}

static void at_exit(void) {
    hazard_churn(1, 200);
}

__attribute__((destructor)) static void at_the_very_end(void) {
    hazard_churn(2, 200);
}

static int child(unsigned round) {
    alarm(30);
    atexit(at_exit);
    at_quick_exit(at_exit);
    pthread_t thread;
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&thread, NULL, allocate, (void *)i) == 0, "thread");
    }
    CHECK(hazard_wait(&running), "no thread runs");
    hazard_churn(round, 50);
    switch (round % 4) {
    case 0:
        exit(10);
    case 1:
        quick_exit(10);
    case 2:
        _exit(10);
    }
    return 10;
}

int main(void) {
    hazard_start();
    hazard_churn(3, 100);
    for (unsigned round = 0; round < hazard_scaled(ROUNDS); round++) {
        pid_t pid = fork();
        if (pid == 0) {
            return child(round);
        }
        int status;
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid, "wait");
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 10, "round %u ended with %#x", round, (unsigned)status);
    }
    return hazard_finish();
}
