// units.h: units of sample types that can be converted into each other: of time and of bytes, with the names that go tool pprof knows.
// Threads: any. Memory: none.
#ifndef CMEMPROF_MERGE_UNITS_H
#define CMEMPROF_MERGE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// So many of the smaller unit are one of the larger. Sums are kept in the smaller one, so nothing is rounded.
struct units_ratio {
    int64_t a, b; // what values in the units a and b are multiplied by to have the same unit; one of them is 1
};
// False: they are the same text, or measure different things, or nothing is known of one of them.
bool units_convert(const char *a, const char *b, struct units_ratio *ratio);

#endif
