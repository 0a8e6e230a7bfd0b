// analysis_trend.h: does a series grow, and how fast? Made to say no when in doubt: a finding that is none costs more trust than a leak
// that is found some profiles later costs memory.
//
// A series grows when all of these hold; the reasons are in analysis_trend.c:
//     at least 5 points; fewer than 8 must rise in a line and double
//     the last third's median lies above the first's by `min_growth`, and by a quarter of the first's
//     it has come about in both halves, and the last half goes on at 0.4 of the whole's slope at least     (no warm-up, no single step)
//     of the pairs of points that differ, 85 % rise (Kendall's tau is 0.7)                                       (no sawtooth, no noise)
//     it has risen from one point to the next at least three times, and in one of five                     (no few steps)
// The slope is Theil and Sen's: the median of the slopes between all pairs of points. Up to 29 % of the points may be anything.
//
// Threads: any. Memory: the stack, 15 KB.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_TREND_H
#define CMEMPROF_RECEIVER_ANALYSIS_TREND_H

#include "../views/metrics.h"

enum { TREND_MAX_POINTS = 60, TREND_MIN_POINTS = 5 };

struct trend {
    double first, last; // medians of the first and the last third
    double slope_per_s; // Theil-Sen
    double rising;      // share of the pairs that rise, of those that differ
    bool grows;
};
// points by time, at most TREND_MAX_POINTS.
struct trend trend_of(const struct metrics_point *points, size_t count, double min_growth);
double trend_median(double *values, size_t count); // reorders them; 0 of none
double trend_median_of(const struct metrics_point *points, size_t count);
double trend_slope(const struct metrics_point *points, size_t count); // Theil-Sen, per second; at most TREND_MAX_POINTS

#endif
