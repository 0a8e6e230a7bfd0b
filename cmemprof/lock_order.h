// lock_order.h (tables): the profiler's locks, and the order in which a thread may take them.
//
// Where tests run (CMEMPROF_CHECK_LOCK_ORDER, set by the Makefile), a lock that is taken out of order ends the program, also if no other
// thread is there to deadlock with. Elsewhere these are the plain mutexes.
//
// Threads: any, not inside malloc or a signal handler. Memory: none.
#ifndef CMEMPROF_LOCK_ORDER_H
#define CMEMPROF_LOCK_ORDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "../base/clock.h"
#include "namespace.h"
#include "thread_state.h"

// Outermost first. The loader's own lock (dl_iterate_phdr) is taken and released between listing and reclaiming. The program's own threads
// (dlclose, fork) wait a second at most for listing and reclaiming, so a dlclose under the loader's lock cannot deadlock.
enum lock_rank {
    LOCK_STARTING,   // lifecycle.c: the first cmemprof_start
    LOCK_TAKING,     // memory_profile.c: one memory profile is taken at a time
    LOCK_NAMING,     // snapshot_encode.c: symbols.h and the files that are open; one profile is symbolized at a time
    LOCK_LISTING,    // loaded_code.c: asking the loader for its objects; refreshes of modules.h and code_objects.h; held across fork
    LOCK_RECLAIMING, // reclaim.c: whoever walks the tables; shards are waited for under it, half a second at most each
    LOCK_MODULES,    // modules.h: the index of modules
};

#ifdef CMEMPROF_CHECK_LOCK_ORDER
#include <stdio.h>
#include <stdlib.h>

static inline void lock_order_check(enum lock_rank rank) {
    if (thread_state.locks >> rank != 0) {
        fprintf(stderr, "cmemprof: lock %d is taken under locks %#x (lock_order.h)\n", (int)rank, (unsigned)thread_state.locks);
        abort();
    }
}
static inline void lock_order_taken(enum lock_rank rank) {
    thread_state.locks |= UINT32_C(1) << rank;
}
static inline void lock_order_released(enum lock_rank rank) {
    thread_state.locks &= ~(UINT32_C(1) << rank);
}
#else
static inline void lock_order_check(enum lock_rank rank) {
    (void)rank;
}
static inline void lock_order_taken(enum lock_rank rank) {
    (void)rank;
}
static inline void lock_order_released(enum lock_rank rank) {
    (void)rank;
}
#endif

static inline void lock_take(pthread_mutex_t *lock, enum lock_rank rank) {
    lock_order_check(rank);
    pthread_mutex_lock(lock);
    lock_order_taken(rank);
}

// Does not wait. Returns false if another thread has it.
static inline bool lock_try(pthread_mutex_t *lock, enum lock_rank rank) {
    lock_order_check(rank);
    bool taken = pthread_mutex_trylock(lock) == 0;
    if (taken) {
        lock_order_taken(rank);
    }
    return taken;
}

// Waits a second at most. Returns false on a timeout. Polls, since pthread_mutex_timedlock uses the wall clock, which may be set, and
// pthread_mutex_clocklock is not everywhere (glibc 2.30).
static inline bool lock_take_in_time(pthread_mutex_t *lock, enum lock_rank rank) {
    const struct timespec pause = {0, 200 * 1000};
    uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
    while (!lock_try(lock, rank)) {
        if (clock_ns(CLOCK_MONOTONIC) - begin_ns >= 1000000000) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

static inline void lock_release(pthread_mutex_t *lock, enum lock_rank rank) {
    lock_order_released(rank);
    pthread_mutex_unlock(lock);
}

// In a forked child: its holder may not exist there.
static inline void lock_after_fork(pthread_mutex_t *lock, enum lock_rank rank) {
    lock_order_released(rank);
    pthread_mutex_init(lock, NULL);
}

#endif
