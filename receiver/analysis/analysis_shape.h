// analysis_shape.h: what a series does that somebody should know of: it grows, doubles, rises in steps, or rose once and stayed.
//
//     grows      a trend (analysis_trend.h), of all points of the newer half, above all that was before,
//                or of the lowest values below a sawtooth
//     doubles    three rises or more, each 1.4 to 2.6 times the one before, and level between them: a table that is made anew when it is
//     full steps      three rises or more with level stretches between them, nothing given back step       one rise from a level to another
//     one within two points, and it has stayed there for a fifth of the points at least plateau    the same with a longer rise
//
// A rise that begins with the series (`from_start`) shows no level before it: a program that warms up does that, as one that was found in
// the middle of its growth; how much it is has to decide. What has been as high before, or has come back down, is none of these: load that
// comes and goes, caches that are emptied.
//
// Single points that stand out are passed over: values are medians of three neighbours, but for the trend.
// Threads: any. Memory: the stack, 20 KB.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_SHAPE_H
#define CMEMPROF_RECEIVER_ANALYSIS_SHAPE_H

#include "analysis_trend.h"

enum shape_kind { SHAPE_NONE, SHAPE_GROWS, SHAPE_DOUBLES, SHAPE_STEPS, SHAPE_STEP, SHAPE_PLATEAU };

struct shape {
    enum shape_kind kind;
    double from, to; // grows: medians of the first and the last third; else of the points before and after the rise
    double below;    // step, plateau: by how much less the series begins, where it begins within the rise. Told, and no part of a limit:
                     // of a cache that fills as much lies there
    size_t start;    // grows: the first point of it: 0, or half of them
    size_t before, after; // points [0, before) are before the rise, [after, count) behind it
    size_t steps;         // doubles, steps: how many
    double last_step;     // and the size of the last one
    bool from_start;      // step, plateau: no level before the rise is seen
    bool linear;          // plateau: it rose in a line until it stopped, where a cache that fills slows down
    struct trend trend;   // grows
};
// points by time, at most TREND_MAX_POINTS. What rises by less than `min_rise` is SHAPE_NONE.
struct shape shape_of(const struct metrics_point *points, size_t count, double min_rise);

#endif
