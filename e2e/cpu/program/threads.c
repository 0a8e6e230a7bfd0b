// threads.c: threads that C makes, with and without calls to Go, for the sums of CPU time.
#include "burn.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { MAX_THREADS = 16 };

extern void goTouch(int us);

#define NOINLINE __attribute__((noinline))

static void pause_us(long us) {
    const struct timespec pause = {0, us * 1000};
    nanosleep(&pause, NULL);
}

static void *on_pool(void *ms) {
    burn_plain((int)(intptr_t)ms);
    return NULL;
}

// Has called Go before, so that it is known to Go's scheduler.
static void *on_called(void *ms) {
    goTouch(0);
    burn_plain((int)(intptr_t)ms);
    return NULL;
}

// Half of the time in C, half in Go.
static void *on_calling(void *ms) {
    for (long long end = burn_end((int)(intptr_t)ms); !burn_done(end);) {
        burn_plain(1);
        goTouch(1000);
    }
    return NULL;
}

static pthread_key_t last_key;

static void burn_last(void *ms) {
    burn_plain((int)(intptr_t)ms);
}

static void make_last_key(void) {
    pthread_key_create(&last_key, burn_last);
}

// Calls Go for that long, and then cleans up for half as long, when Go has forgotten the thread: destructors run in the order of their
// keys.
static void *on_cleaning(void *ms) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    on_calling(ms);
    pthread_once(&once, make_last_key);
    pthread_setspecific(last_key, (void *)((intptr_t)ms / 2));
    return NULL;
}

static void *on_events(void *ms) {
    burn_events((int)(intptr_t)ms);
    return NULL;
}

static void run_all(void *(*routine)(void *), int threads, int ms) {
    pthread_t ids[MAX_THREADS];
    int made = 0;
    while (made < threads && made < MAX_THREADS && pthread_create(&ids[made], NULL, routine, (void *)(intptr_t)ms) == 0) {
        made++;
    }
    for (int i = 0; i < made; i++) {
        pthread_join(ids[i], NULL);
    }
}

void burn_pool(int threads, int ms) {
    run_all(on_pool, threads, ms);
}

void burn_called(int threads, int ms) {
    run_all(on_called, threads, ms);
}

void burn_calling(int threads, int ms) {
    run_all(on_calling, threads, ms);
}

void burn_cleaning(int threads, int ms) {
    run_all(on_cleaning, threads, ms);
}

// One after the other: Go gives each what it has kept of the last one.
void burn_successive(int threads, int ms) {
    for (int i = 0; i < threads; i++) {
        run_all(on_calling, 1, ms);
    }
}

void burn_event_threads(int threads, int ms) {
    run_all(on_events, threads, ms);
}

NOINLINE void burn_events(int ms) {
    for (long long end = burn_end(ms); !burn_done(end);) {
        burn_plain(1);
        pause_us(500);
    }
    __asm__ volatile("");
}

static void (*volatile null)(void);

NOINLINE void burn_null(void) {
    null();
    __asm__ volatile("");
}

NOINLINE void burn_short(int rounds) {
    unsigned long x = burn_sink;
    for (int i = 0; i < rounds; i++) {
        x = x * 6364136223846793005u + (x >> 7);
    }
    burn_sink = x;
}
