// saturate.h: int64 arithmetic that stops at the ends instead of wrapping around.
#ifndef CMEMPROF_MERGE_SATURATE_H
#define CMEMPROF_MERGE_SATURATE_H

#include <stdint.h>

#include "namespace.h"

static inline int64_t saturate_add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

static inline int64_t saturate_subtract(int64_t a, int64_t b) {
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return difference;
}

static inline int64_t saturate_multiply(int64_t a, int64_t b) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
    return product;
}

#endif
