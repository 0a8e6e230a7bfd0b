// timed_lock.h: a lock that is waited for a second at most, by who must go on: the program's own threads in dlclose and fork.
//
// By trying, since pthread_mutex_timedlock goes by a clock that may be set, and pthread_mutex_clocklock is not everywhere (glibc 2.30).
//
// Threads: any, not inside malloc. No memory.
#ifndef CMEMPROF_TIMED_LOCK_H
#define CMEMPROF_TIMED_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "namespace.h"

// False: it was not to be had.
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
