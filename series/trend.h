// trend.h: whether a series grows, and how fast. Answers no when in doubt: a false finding costs more trust than a leak that is
// found some profiles later costs memory.
//
// A series grows if all of these hold (reasons in trend.c):
//     at least 5 points; fewer than 8 must rise at every step and double
//     the median of the last third is above that of the first by `min_growth`, and by a quarter of the first's
//     both halves contribute, and the last half has at least 0.4 of the whole's slope                          (no warm-up, no single step)
//     of the pairs of points that differ, 85 % rise (Kendall's tau is 0.7)                                     (no sawtooth, no noise)
//     it has risen between neighbours at least three times, and in one of five                                (no few steps)
// The slope is Theil-Sen's: the median of the slopes between all pairs of points. Up to 29 % of the points may be outliers.
//
// Threads: any. Memory: the stack, 15 KB.
#ifndef CMEMPROF_SERIES_TREND_H
#define CMEMPROF_SERIES_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { TREND_MAX_POINTS = 60, TREND_MIN_POINTS = 5 };

struct series_point {
    int64_t ms; // Unix time
    double value;
};

struct trend {
    double first, last; // medians of the first and the last third
    double slope_per_s; // Theil-Sen
    double rising;      // share of rising pairs among those that differ
    bool grows;
};
// points: by time, at most TREND_MAX_POINTS.
struct trend trend_of(const struct series_point *points, size_t count, double min_growth);
double trend_median(double *values, size_t count); // reorders them; 0 if there are none
double trend_median_of(const struct series_point *points, size_t count);
double trend_slope(const struct series_point *points, size_t count); // Theil-Sen, per second; at most TREND_MAX_POINTS

#endif
