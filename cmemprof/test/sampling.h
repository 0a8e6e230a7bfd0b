// sampling.h: setup and teardown for tests in which every allocation is sampled.
#ifndef CMEMPROF_TEST_SAMPLING_H
#define CMEMPROF_TEST_SAMPLING_H

#include "../cmemprof.h"

static inline int sampling_setup(void **state) {
    (void)state;
    return cmemprof_start(1) != CMEMPROF_OK;
}

static inline int sampling_teardown(void **state) {
    (void)state;
    cmemprof_stop();
    return 0;
}

#endif
