// extremes.h: the larger and the smaller of two numbers; of a number and NaN, the number. libm has them, too, but is a library to load.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_BASE_EXTREMES_H
#define CMEMPROF_BASE_EXTREMES_H

#include <math.h>

static inline double extremes_max(double a, double b) {
    return b > a || isnan(a) ? b : a;
}

static inline double extremes_min(double a, double b) {
    return b < a || isnan(a) ? b : a;
}

#endif
