#define _GNU_SOURCE
#include "burn.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))
volatile unsigned long burn_sink;

NOINLINE long long burn_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

long long burn_end(int ms) {
    return burn_now() + (long long)ms * 1000000;
}

int burn_done(long long end_ns) {
    return burn_now() >= end_ns;
}

static inline __attribute__((always_inline)) unsigned long burn_step(unsigned long x) {
    for (int i = 0; i < 100000; i++) {
        x = x * 6364136223846793005u + (x >> 7) + 1442695040888963407u;
    }
    return x;
}

NOINLINE void burn_spin(long long end_ns) {
    unsigned long x = burn_sink;
    do {
        x = burn_step(x);
    } while (!burn_done(end_ns));
    burn_sink = x;
}

NOINLINE void burn_plain(int ms) {
    burn_spin(burn_end(ms));
    __asm__ volatile("");
}

NOINLINE static void burn_deep(long long end_ns, int depth) {
    if (depth == 0) {
        if (end_ns == 0) {
            *(volatile int *)16 = 1;
        }
        burn_spin(end_ns);
    } else {
        burn_deep(end_ns, depth - 1);
    }
    __asm__ volatile("");
}

NOINLINE void burn_recursive(int ms, int depth) {
    burn_deep(burn_end(ms), depth);
    __asm__ volatile("");
}

NOINLINE void burn_crash(int depth) {
    burn_deep(0, depth);
    __asm__ volatile("");
}

NOINLINE void burn_through_library(int ms) {
    burn_library(ms);
    __asm__ volatile("");
}

static void *burn_thread(void *ms) {
    burn_plain((int)(intptr_t)ms);
    return NULL;
}

static void run_thread(int ms) {
    pthread_t id;
    if (pthread_create(&id, NULL, burn_thread, (void *)(intptr_t)ms) == 0) {
        pthread_join(id, NULL);
    }
}

void burn_on_thread(int ms) {
    run_thread(ms);
}

void burn_threads(int ms) {
    for (int left = ms; left > 0; left -= 2) {
        run_thread(2);
    }
}

extern void goCallback(int ms, int depth);

NOINLINE void burn_callback(int ms, int depth) {
    if (depth == 0) {
        burn_plain(ms);
    } else {
        goCallback(ms, depth - 1);
    }
    __asm__ volatile("");
}

int burn_loading(int ms, const char *path) {
    long long end = burn_end(ms);
    int calls = 0;
    while (!burn_done(end)) {
        void *library = dlopen(path, RTLD_NOW);
        if (!library) {
            return -1;
        }
        void (*work)(int) = (void (*)(int))dlsym(library, "plugin_work");
        if (work) {
            work(1);
            calls++;
        }
        dlclose(library);
    }
    return calls;
}
