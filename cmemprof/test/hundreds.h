// hundreds.h: allocations that stay live, found in a profile by their function's name.
#include "../../base/test/test.h"

#ifndef CMEMPROF_TEST_HUNDREDS_H
#define CMEMPROF_TEST_HUNDREDS_H

static void *volatile kept[64];

static __attribute__((noinline)) void allocate_hundreds(int count) {
    for (int i = 0; i < count; i++) {
        kept[i] = malloc(100);
    }
}

#endif
