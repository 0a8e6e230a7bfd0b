// age.h (tables): the clock by which samples are born, and the classes of ages and lifetimes.
//
// The clock counts whole seconds since the first start. Whoever calls once a second advances it (cmemprof_make_room), as does a snapshot,
// so a sample reads a number and no clock. If nobody calls, it stands still, and samples seem older than they are by up to the longest
// pause between two calls while sampling was on, which is kept: worst_pause_s. What is freed while it is off counts as freed at the last
// call.
//
// Threads: any. Reading: also inside malloc.
#ifndef CMEMPROF_AGE_H
#define CMEMPROF_AGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"

struct age_clock {
    _Atomic uint32_t now_s;
    _Atomic uint32_t worst_pause_s;
    int64_t zero_ns; // of CLOCK_MONOTONIC; constant once the profiler is open
};

static inline uint32_t age_now(const struct age_clock *clock) {
    return atomic_load_explicit(&clock->now_s, memory_order_relaxed);
}

// Never goes back. with_pause false: nothing was sampled since the last call.
void age_advance(struct age_clock *clock, int64_t monotonic_ns, bool with_pause);

// The seconds between two readings, of which the later one may be of a thread that has not seen it yet.
static inline uint32_t age_between(uint32_t birth_s, uint32_t now_s) {
    return now_s > birth_s ? now_s - birth_s : 0;
}

// Ages of live memory: less than 1 minute, 1 to 5, 5 to 30, 30 to 120, 2 hours to a day, more.
unsigned age_class(uint32_t age_s);
// "<1m", "1-5m", "5-30m", "30m-2h", "2h-1d", ">1d".
const char *age_label(unsigned age_class);

// Lifetimes: less than 1 second, then powers of two; the last class is open.
static inline unsigned lifetime_class(uint32_t lifetime_s) {
    unsigned class = lifetime_s != 0 ? 32 - (unsigned)__builtin_clz(lifetime_s) : 0;
    return class < CMEMPROF_LIFETIME_CLASSES ? class : CMEMPROF_LIFETIME_CLASSES - 1;
}

#endif
