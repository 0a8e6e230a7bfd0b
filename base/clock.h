// clock.h: reads a clock.
//
// Threads: any. Memory: none. CLOCK_MONOTONIC and CLOCK_REALTIME, and their coarse kinds, are read without a system call, also inside
// malloc; errno is kept.
#ifndef CMEMPROF_BASE_CLOCK_H
#define CMEMPROF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

// Nanoseconds since the clock's start: of CLOCK_REALTIME 1970, of CLOCK_MONOTONIC the boot.
static inline uint64_t clock_ns(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
