// growth_slope_test.c: slopes of series whose slope is known, and how certain they are.

#include "../../../base/test/test.h"

#include "../growth_slope.h"

#include <math.h>

static struct growth_slope of(const double *values, size_t count) {
    double at[GROWTH_POINTS];
    for (size_t i = 0; i < count; i++) {
        at[i] = 10 + 2 * (double)i;
    }
    return growth_slope_of(at, values, count);
}
#define OF(...) of((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void expect(struct growth_slope slope, double value, double error) {
    if (fabs(slope.slope - value) > 1e-9 || fabs(slope.error - error) > 1e-9) {
        fail_msg("%g with an error of %g, expected %g with %g", slope.slope, slope.error, value, error);
    }
}

TEST(lines) {
    expect(OF(5), 0, 0);
    expect(OF(5, 5, 5, 5), 0, 0);
    expect(OF(1, 3, 5, 7, 9, 11), 1, 0);
    expect(OF(9, 7, 5, 3, 1), -1, 0);
    expect(growth_slope_of(NULL, NULL, 0), 0, 0);
}

// Two points tell nothing of the noise; of three, all slopes count.
TEST(few_points) {
    expect(OF(1, 7), 3, 3);
    expect(OF(0, 2, 8), 2, 1);     // 1, 2, 3
    expect(OF(0, 2, 20), 5, 4);    // 1, 5, 9
    expect(OF(0, 0, 0, 12), 1, 5); // 0, 0, 0, 2, 3, 6
    expect(OF(12, 0, 0, 0), -1, 5);
}

TEST(outliers_do_not_count) {
    expect(OF(0, 2, 4, 900, 8, 10, 12, -500, 16, 18, 20, 22), 1, 0);
}

// The order of times does not matter.
TEST(any_order) {
    expect(growth_slope_of((const double[]){4, 1, 3, 2, 6, 5}, (const double[]){8, 2, 6, 4, 12, 10}, 6), 2, 0);
}

// All medians and intervals, against sorting.
static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static struct growth_slope by_sorting(const double *at, const double *values, size_t count) {
    double slopes[GROWTH_POINTS * GROWTH_POINTS];
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            slopes[pairs++] = (values[i] - values[j]) / (at[i] - at[j]);
        }
    }
    qsort(slopes, pairs, sizeof *slopes, compare);
    double n = (double)count, outside = floor(((double)pairs - 1.96 * sqrt(n * (n - 1) * (2 * n + 5) / 18)) / 2);
    size_t rank = outside > 0 ? (size_t)outside : 0;
    double median = (slopes[pairs / 2] + slopes[(pairs - 1) / 2]) / 2;
    return (struct growth_slope){median, fmax(slopes[pairs - 1 - rank] - median, median - slopes[rank])};
}

TEST(as_by_sorting) {
    unsigned random = 1;
    for (int round = 0; round < 20000; round++) {
        size_t count = 3 + (size_t)round % (GROWTH_POINTS - 2);
        double at[GROWTH_POINTS], values[GROWTH_POINTS];
        for (size_t i = 0; i < count; i++) {
            random = random * 1664525 + 1013904223;
            at[i] = (double)i;
            values[i] = (double)(random >> 16) / (round % 3 ? 1 : 16384); // also with many that are equal
            values[i] = round % 3 ? values[i] : floor(values[i]);
        }
        struct growth_slope one = growth_slope_of(at, values, count), other = by_sorting(at, values, count);
        expect(one, other.slope, other.error);
    }
}

// Without growth the interval has 0 in 95 of 100 cases.
TEST(intervals) {
    unsigned random = 7, holds = 0;
    enum { ROUNDS = 5000 };
    for (int round = 0; round < ROUNDS; round++) {
        double at[GROWTH_POINTS], values[GROWTH_POINTS];
        for (int i = 0; i < GROWTH_POINTS; i++) {
            random = random * 1664525 + 1013904223;
            at[i] = i;
            values[i] = (double)(random >> 8);
        }
        struct growth_slope slope = growth_slope_of(at, values, GROWTH_POINTS);
        holds += fabs(slope.slope) <= slope.error;
    }
    double share = (double)holds / ROUNDS;
    if (share < 0.93 || share > 0.98) {
        fail_msg("%g of the intervals have the slope", share);
    }
}

int main(void) {
    return tests_run();
}
