// saturate.h: int64 arithmetic that saturates instead of wrapping around, and counts how often it did.
#ifndef CMEMPROF_MERGE_SATURATE_H
#define CMEMPROF_MERGE_SATURATE_H

#include <stdint.h>

#include "namespace.h"

static inline int64_t saturate_add(int64_t a, int64_t b, uint64_t *saturated) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) {
        return sum;
    }
    ++*saturated;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t saturate_subtract(int64_t a, int64_t b, uint64_t *saturated) {
    int64_t difference;
    if (!__builtin_sub_overflow(a, b, &difference)) {
        return difference;
    }
    ++*saturated;
    return a < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t saturate_multiply(int64_t a, int64_t b, uint64_t *saturated) {
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product)) {
        return product;
    }
    ++*saturated;
    return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

// Rounds to nearest, half away from 0, after adding *carry, the rounding error carried over from earlier values (initially 0). The sign
// never changes: the carry is at most half a unit, and is not added to 0.
static inline int64_t saturate_scale(int64_t value, double factor, double *carry, uint64_t *saturated) {
    if (factor == 1 || value == 0) {
        return value;
    }
    double product = (double)value * factor + *carry;
    *carry = 0;
    if (product != product) { // not a number
        return 0;
    }
    if (product >= 0x1p63 || product < -0x1p63) {
        ++*saturated;
        return product < 0 ? INT64_MIN : INT64_MAX;
    }
    int64_t whole = (int64_t)product;
    double more = product - (double)whole;
    int64_t rounded = more >= 0.5 && whole < INT64_MAX ? whole + 1 : more <= -0.5 && whole > INT64_MIN ? whole - 1 : whole;
    *carry = product - (double)rounded;
    return rounded;
}

#endif
