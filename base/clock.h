// clock.h: reads a clock.
//
// Threads: any. Memory: none. CLOCK_MONOTONIC and CLOCK_REALTIME, and their coarse kinds, are read without a system call, also inside
// malloc; errno is kept, but where the thread of a clock has ended.
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

// The CPU time of a thread of this process, by the kernel's ID, which pthread_getcpuclockid does not take. Read, it is 0 if the thread has
// ended, and errno is set.
static inline clockid_t clock_of_thread(int32_t id) {
    enum { PER_THREAD_CPU = 6 }; // include/uapi/linux/time.h: CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED
    return (clockid_t)(~(uint32_t)id << 3 | PER_THREAD_CPU);
}

#endif
