// timed_lock.h (tables): waits a second at most for a lock, for the program's own threads in dlclose and fork.
//
// Polls, since pthread_mutex_timedlock uses the wall clock, which may be set, and pthread_mutex_clocklock is not everywhere (glibc 2.30).
//
// Threads: any, not inside malloc. Memory: none.
#ifndef CMEMPROF_TIMED_LOCK_H
#define CMEMPROF_TIMED_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "namespace.h"

// Returns false on a timeout.
static inline bool timed_lock(pthread_mutex_t *mutex) {
    const struct timespec pause = {0, 200 * 1000};
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        if (pthread_mutex_trylock(mutex) == 0) {
            return true;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - begin.tv_sec > 1 || (now.tv_sec - begin.tv_sec == 1 && now.tv_nsec >= begin.tv_nsec)) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
}

#endif
