// growth_slope.h: how fast a value rises over time, and how certain that is.
//
// The slope is Theil-Sen's: the median of the slopes between all pairs of points, of which up to 29 % may be outliers. Its error is that to
// the farther end of Sen's interval of 95 % (P. K. Sen, 1968), which need not lie evenly around it: of the sorted slopes those that are so
// many ranks off the middle as Kendall's rank statistic strays where nothing rises. It needs no assumption on how the noise is distributed.
// Of three or four points the interval is all slopes, and still less than one of 95 %: where nothing rises, three points have all slopes of
// one sign in a third of all cases, four in a twelfth; two points say nothing of their noise, so the error is as large as the slope: then
// only many processes that agree are certain.
//
// Threads: any. Memory: the stack, 1 KB.
#ifndef CMEMPROF_RECEIVER_GROWTH_SLOPE_H
#define CMEMPROF_RECEIVER_GROWTH_SLOPE_H

#include <stddef.h>

enum { GROWTH_POINTS = 12 }; // 66 pairs

struct growth_slope {
    double slope, error; // per unit of time; 0 with fewer than two points
};
// at: times that differ, in any order and unit; at most GROWTH_POINTS.
struct growth_slope growth_slope_of(const double *at, const double *values, size_t count);

#endif
