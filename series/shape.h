// shape.h: the shape of a series: it grows, doubles, rises in steps, or rose once and stayed.
//
//     grows      a trend (trend.h): of all points; of the newer half, above everything before; or of the minima of a sawtooth
//     doubles    three or more rises, each 1.4 to 2.6 times the one before, level in between: a table that is reallocated when full
//     steps      three or more rises, level in between, nothing given back
//     step       one rise from a level to another within two points; the new level holds for at least a fifth of the points
//     plateau    the same with a longer rise
//
// A rise at the start of the series (`from_start`) has no level before it. A program that warms up looks the same as one observed from the
// middle of its growth; the size of the rise decides. A series that was as high before, or has come back down, has none of these shapes:
// load that comes and goes, caches that are emptied.
//
// Outliers of one point are ignored: values are medians of three neighbours, except for the trend.
// Threads: any. Memory: the stack, 20 KB.
#ifndef CMEMPROF_SERIES_SHAPE_H
#define CMEMPROF_SERIES_SHAPE_H

#include "trend.h"

enum shape_kind { SHAPE_NONE, SHAPE_GROWS, SHAPE_DOUBLES, SHAPE_STEPS, SHAPE_STEP, SHAPE_PLATEAU };

struct shape {
    enum shape_kind kind;
    double from, to; // grows: medians of the first and the last third; else of the points before and after the rise
    double below;    // step, plateau: how far below `from` the series starts if within the rise; only shown: a filling cache has it too
    size_t start;    // grows: first point of the growth: 0, or half of them
    size_t before, after; // points [0, before) precede the rise, [after, count) follow it
    size_t steps;         // doubles, steps: their count
    double last_step;     // and the size of the last one
    bool from_start;      // step, plateau: no level before the rise
    bool linear;          // plateau: rose linearly until it stopped; a cache that fills slows down
    struct trend trend;   // grows
};
// Nothing says that it has stopped.
static inline bool shape_goes_on(const struct shape *shape) {
    return shape->kind == SHAPE_GROWS || shape->kind == SHAPE_DOUBLES || shape->kind == SHAPE_STEPS;
}

// points: by time, at most TREND_MAX_POINTS. A rise below `min_rise` is SHAPE_NONE.
struct shape shape_of(const struct series_point *points, size_t count, double min_rise);

#endif
