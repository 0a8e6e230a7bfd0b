// hundreds.h: allocations that stay alive, to be found in a profile by the name of the function.
#ifndef CMEMPROF_TEST_HUNDREDS_H
#define CMEMPROF_TEST_HUNDREDS_H

#include <stdlib.h>

static void *volatile kept[64];

static __attribute__((noinline)) void allocate_hundreds(int count) {
    for (int i = 0; i < count; i++) {
        kept[i] = malloc(100);
    }
}

#endif
