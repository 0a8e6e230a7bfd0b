// memory_limit.c: the time until the limit (memory_limit.h).
#include "memory_limit.h"

#include <math.h>
#include <string.h>

#include "../base/extremes.h"

static bool knows_limit(const struct memory_series series[MEMORY_FIGURE_COUNT]) {
    return series[MEMORY_LIMIT].count > 0 && series[MEMORY_LIMIT_USED].count > 0;
}

const struct memory_series *memory_limit_series(const struct memory_series series[MEMORY_FIGURE_COUNT]) {
    return &series[knows_limit(series) ? MEMORY_LIMIT : MEMORY_CGROUP_LIMIT];
}

size_t memory_counted(const struct memory_series series[MEMORY_FIGURE_COUNT], struct series_point counted[TREND_MAX_POINTS]) {
    const struct memory_series *used = &series[MEMORY_CGROUP], *inactive = &series[MEMORY_CGROUP_INACTIVE_FILE];
    size_t count = 0, at = 0;
    if (knows_limit(series)) {
        memcpy(counted, series[MEMORY_LIMIT_USED].points, series[MEMORY_LIMIT_USED].count * sizeof *counted);
        return series[MEMORY_LIMIT_USED].count;
    }
    for (size_t i = 0; i < used->count; i++) {
        const struct series_point *point = &used->points[i];
        while (at < inactive->count && inactive->points[at].ms < point->ms) {
            at++;
        }
        bool is_told = at < inactive->count && inactive->points[at].ms == point->ms;
        if (is_told || inactive->count == 0) {
            counted[count] = *point;
            counted[count++].value -= is_told ? extremes_min(inactive->points[at].value, point->value) : 0;
        }
    }
    return count;
}

// ---- The slope as now ----

enum { LEAST_POINTS = 8 }; // of a stretch that is not the whole
static const double min_growth = 1 << 20, min_share = 0.05, other_slope = 1.5;

// Whether the points from `from` on grow, and beyond all before them: by a share of the limit, whatever they began with.
static bool stretch_grows(const struct series_point *points, size_t count, size_t from, double limit, struct trend *trend) {
    struct series_point risen[TREND_MAX_POINTS];
    double highest = points[0].value, lowest = points[from].value;
    for (size_t i = 0; i < count; i++) {
        highest = i < from ? extremes_max(highest, points[i].value) : highest;
        lowest = i >= from ? extremes_min(lowest, points[i].value) : lowest;
    }
    for (size_t i = from; i < count; i++) {
        risen[i - from] = (struct series_point){points[i].ms, points[i].value - lowest};
    }
    *trend = trend_of(risen, count - from, extremes_max(min_growth, min_share * limit));
    return count - from >= LEAST_POINTS && trend->grows && trend->last + lowest > highest;
}

static bool differs(double slope, double other) {
    return slope > other * other_slope || slope * other_slope < other;
}

static void find_stretch(const struct series_point *points, size_t count, double limit, struct memory_outlook *outlook) {
    struct trend trend = trend_of(points, count, min_growth);
    size_t half = count / 2, newest = count - count / 3;
    if (trend.grows) {
        double late = trend_slope(points + newest, count - newest);
        bool is_late = count - newest >= TREND_MIN_POINTS && late > 0 && differs(late, trend.slope_per_s);
        outlook->from = is_late ? newest : 0;
        outlook->slope_per_s = is_late ? late : trend.slope_per_s;
        return;
    }
    const size_t stretches[] = {half, newest};
    for (size_t i = 0; i < sizeof stretches / sizeof *stretches; i++) {
        if (stretch_grows(points, count, stretches[i], limit, &trend)) {
            outlook->from = stretches[i];
            outlook->slope_per_s = trend.slope_per_s;
            return;
        }
    }
}

struct memory_outlook memory_outlook_of(const struct series_point *points, size_t count, double limit) {
    struct memory_outlook outlook = {NAN, 0, count};
    if (count < TREND_MIN_POINTS || isnan(limit)) {
        return outlook;
    }
    find_stretch(points, count, limit, &outlook);
    double left = limit - points[count - 1].value;
    outlook.seconds = left <= 0 ? 0 : outlook.slope_per_s > 0 ? left / outlook.slope_per_s : INFINITY;
    return outlook;
}
