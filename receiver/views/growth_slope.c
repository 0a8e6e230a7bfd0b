// growth_slope.c: Theil-Sen's slope with Sen's interval (growth_slope.h).
#include "growth_slope.h"

#include <math.h>
#include <stdbool.h>

enum { MAX_PAIRS = GROWTH_POINTS * (GROWTH_POINTS - 1) / 2 };

// Puts the n-th smallest of values[low] to values[high - 1] at n, with none larger before it and none smaller after it (Hoare).
static double select_nth(double *values, size_t low, size_t high, size_t n) {
    while (high - low > 1) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low, j = high - 1;
        for (;;) {
            while (values[i] < pivot) {
                i++;
            }
            while (values[j] > pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            double value = values[i];
            values[i++] = values[j];
            values[j--] = value;
        }
        // All before i are at most the pivot, all behind j at least; what is between them, one value at most, equals it.
        if (n < i) {
            high = i;
        } else if (n > j) {
            low = j + 1;
        } else {
            break;
        }
    }
    return values[n];
}

// How many of the sorted slopes are on either side of the interval.
static size_t ranks_outside(size_t count, size_t pairs) {
    double n = (double)count, strays = 1.96 * sqrt(n * (n - 1) * (2 * n + 5) / 18), outside = floor(((double)pairs - strays) / 2);
    return outside > 0 ? (size_t)outside : 0;
}

struct growth_slope growth_slope_of(const double *at, const double *values, size_t count) {
    double slopes[MAX_PAIRS];
    size_t pairs = 0;
    bool level = true;
    for (size_t i = 1; i < count && level; i++) {
        level = values[i] == values[0];
    }
    if (level) {
        return (struct growth_slope){0, 0};
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            slopes[pairs++] = (values[i] - values[j]) / (at[i] - at[j]);
        }
    }
    size_t half = pairs / 2, outside = ranks_outside(count, pairs);
    double median = select_nth(slopes, 0, pairs, half);
    if (pairs % 2 == 0) {
        double lower = slopes[0];
        for (size_t i = 1; i < half; i++) {
            lower = slopes[i] > lower ? slopes[i] : lower;
        }
        median = (lower + median) / 2;
    }
    if (pairs == 1) {
        return (struct growth_slope){median, fabs(median)};
    }
    double least = select_nth(slopes, 0, half + 1, outside), most = select_nth(slopes, half, pairs, pairs - 1 - outside);
    return (struct growth_slope){median, fmax(most - median, median - least)};
}
