// fake_clock.h: lets the profiler's clock of ages run ahead, for hooked tests.
#ifndef CMEMPROF_TEST_FAKE_CLOCK_H
#define CMEMPROF_TEST_FAKE_CLOCK_H

#include "../profiler.h"

static inline void let_pass(uint32_t seconds) {
    profiler.clock.zero_ns -= seconds * INT64_C(1000000000);
    profiler_advance_clock(&profiler);
}

#endif
