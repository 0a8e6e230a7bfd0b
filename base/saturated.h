// saturated.h: sums and products of int64_t that end at its limits instead of going round.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_BASE_SATURATED_H
#define CMEMPROF_BASE_SATURATED_H

#include <stdint.h>

static inline int64_t saturated_sum(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

static inline void saturated_add(int64_t *sum, int64_t more) {
    *sum = saturated_sum(*sum, more);
}

static inline int64_t saturated_product(int64_t a, int64_t b) {
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? ((a < 0) == (b < 0) ? INT64_MAX : INT64_MIN) : product;
}

#endif
