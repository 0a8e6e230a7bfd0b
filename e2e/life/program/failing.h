// failing.h: counts of the allocator in failing.c, and how a program that is linked with it makes it fail.
#ifndef FAILING_H
#define FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum { LIFE_LARGE_BYTES = 64 * 1024, LIFE_SIZES = 16 };

struct life_counts {
    size_t asked;             // allocations of the profiler
    size_t failed;            // of these, NULL
    size_t large;             // of these, LIFE_LARGE_BYTES and more
    size_t sizes[LIFE_SIZES]; // of the first large ones
};

// From now on the profiler's n-th allocation fails (0: none), with also_later all after it. Resets the counts.
void life_set(long n, bool also_later);
struct life_counts life_get(void);

#endif
