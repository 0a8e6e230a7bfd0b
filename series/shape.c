// shape.c: shapes of series (shape.h).
#include "shape.h"

#include <math.h>
#include <string.h>

#include "../base/extremes.h"

enum { LATE_POINTS = 10 }; // noise rarely grows with fewer

struct smooth {
    double values[TREND_MAX_POINTS];
    size_t count;
};

static struct smooth smooth_of(const struct series_point *points, size_t count) {
    struct smooth smooth = {.count = count};
    for (size_t i = 0; i < count; i++) {
        size_t first = i == 0 ? 0 : i + 1 < count ? i - 1 : count - 3;
        smooth.values[i] = trend_median_of(points + first, 3);
    }
    return smooth;
}

// The largest fall below the maximum so far, between two indices.
static double deepest_fall(const struct smooth *smooth, size_t from, size_t to) {
    double highest = smooth->values[from], fall = 0;
    for (size_t i = from; i < to; i++) {
        highest = extremes_max(highest, smooth->values[i]);
        fall = extremes_max(fall, highest - smooth->values[i]);
    }
    return fall;
}

// ---- Stairs ----

struct rise {
    size_t begin, end; // the last point before it and the first after it
    double size;       // from the median of the points since the previous rise to that of the points after this one
};
struct stairs {
    struct rise rises[TREND_MAX_POINTS];
    size_t count, longest; // longest: in intervals
};

static double median_between(const struct smooth *smooth, size_t from, size_t to) {
    double values[TREND_MAX_POINTS];
    memcpy(values, smooth->values + from, (to - from) * sizeof *values);
    return trend_median(values, to - from);
}

static void measure(const struct smooth *smooth, struct stairs *stairs) {
    for (size_t i = 0; i < stairs->count; i++) {
        struct rise *rise = &stairs->rises[i];
        size_t from = i > 0 ? rise[-1].end : 0, to = i + 1 < stairs->count ? rise[1].begin + 1 : smooth->count;
        rise->size = median_between(smooth, rise->end, to) - median_between(smooth, from, rise->begin + 1);
    }
}

// Removes what is no rise from one level to another, smallest first.
static void keep_levels(const struct smooth *smooth, struct stairs *stairs, double min_rise) {
    for (;;) {
        size_t smallest = 0;
        measure(smooth, stairs);
        for (size_t i = 1; i < stairs->count; i++) {
            smallest = stairs->rises[i].size < stairs->rises[smallest].size ? i : smallest;
        }
        if (stairs->count == 0 || stairs->rises[smallest].size >= min_rise) {
            return;
        }
        stairs->count--;
        memmove(&stairs->rises[smallest], &stairs->rises[smallest + 1], (stairs->count - smallest) * sizeof *stairs->rises);
    }
}

// At least a fourteenth of the total: twelve equal steps of 60 points are a trend.
static struct stairs stairs_of(const struct smooth *smooth, double all) {
    struct stairs stairs = {0};
    for (size_t i = 1; i < smooth->count; i++) {
        size_t begin = i - 1;
        while (i < smooth->count && smooth->values[i] - smooth->values[i - 1] >= 0.02 * all) {
            i++;
        }
        if (i - 1 > begin && smooth->values[i - 1] - smooth->values[begin] >= 0.07 * all) {
            stairs.rises[stairs.count++] = (struct rise){begin, i - 1, 0};
        }
    }
    keep_levels(smooth, &stairs, 0.07 * all);
    for (size_t i = 0; i < stairs.count; i++) {
        size_t length = stairs.rises[i].end - stairs.rises[i].begin;
        stairs.longest = length > stairs.longest ? length : stairs.longest;
    }
    return stairs;
}

static bool is_double(const struct stairs *stairs, size_t i) {
    double ratio = stairs->rises[i].size / stairs->rises[i - 1].size;
    return ratio >= 1.4 && ratio <= 2.6;
}

// Three rises that make up nearly all of it, each within one interval, one of them recent.
static enum shape_kind stairs_kind(const struct smooth *smooth, const struct stairs *stairs, double all) {
    double sum = 0, smallest = INFINITY, largest = 0;
    for (size_t i = 0; i < stairs->count; i++) {
        sum += stairs->rises[i].size;
        smallest = extremes_min(smallest, stairs->rises[i].size);
        largest = extremes_max(largest, stairs->rises[i].size);
    }
    size_t last = stairs->count - 1;
    if (stairs->count < 3 || stairs->longest > 2 || sum < 0.8 * all || deepest_fall(smooth, 0, smooth->count) > 0.2 * all ||
        stairs->rises[last].end * 5 < smooth->count * 2) {
        return SHAPE_NONE;
    }
    bool doubles = is_double(stairs, last) && is_double(stairs, last - 1);
    // Of about equal height: the rises of a noisy warm-up become smaller.
    return doubles ? SHAPE_DOUBLES : smallest >= 0.3 * largest ? SHAPE_STEPS : SHAPE_NONE;
}

static struct shape of_stairs(const struct smooth *smooth, double min_rise) {
    struct shape shape = {.from = smooth->values[0], .to = smooth->values[smooth->count - 1], .after = smooth->count};
    double all = shape.to - shape.from;
    if (all < min_rise || all <= 0) {
        return shape;
    }
    struct stairs stairs = stairs_of(smooth, all);
    shape.kind = stairs_kind(smooth, &stairs, all);
    if (shape.kind != SHAPE_NONE) {
        shape.steps = stairs.count;
        shape.last_step = stairs.rises[stairs.count - 1].size;
        shape.before = stairs.rises[0].begin + 1;
        shape.after = stairs.rises[stairs.count - 1].end;
    }
    return shape;
}

// ---- One rise ----

static size_t at_least(size_t count, size_t share) {
    return count / share > 3 ? count / share : 3;
}

// The change over the points [from, to) by their slope, as a share of the rise.
static double tilt(const struct series_point *points, size_t from, size_t to, double rise) {
    double seconds = (double)(points[to - 1].ms - points[from].ms) / 1000;
    return fabs(trend_slope(points + from, to - from)) * seconds / rise;
}

// Whether the second half of a rise, up to nine tenths of it, is nearly as steep as the first. If it levels off exponentially, the ratio is
// a third. Returns false with too few points.
static bool is_line(const struct smooth *smooth, const struct series_point *points, const struct shape *shape) {
    size_t first = shape->before > 0 ? shape->before - 1 : 0, last = first;
    while (last + 1 < smooth->count && smooth->values[last] < shape->from + 0.9 * (shape->to - shape->from)) {
        last++;
    }
    size_t middle = (first + last) / 2;
    if (last - first < 4) {
        return false;
    }
    double early = (smooth->values[middle] - smooth->values[first]) / (double)(points[middle].ms - points[first].ms);
    double late = (smooth->values[last] - smooth->values[middle]) / (double)(points[last].ms - points[middle].ms);
    return late >= 0.65 * early;
}

// Whether it rises at each of these points: then the first is where the rise starts, and no noise.
static bool is_climb(const struct series_point *points, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (points[i].value <= points[i - 1].value) {
            return false;
        }
    }
    return true;
}

// grows: there is also a trend. Then it has stopped only if its end is quite level: the last fifth of a trend has a fifth of the rise.
static struct shape of_one_rise(const struct smooth *smooth, const struct series_point *points, double min_rise, bool grows) {
    size_t count = smooth->count, tail = at_least(count, 5);
    struct shape shape = {.from = trend_median_of(points, 3), .to = trend_median_of(points + count - tail, tail), .after = count};
    double rise = shape.to - shape.from;
    if (rise < min_rise || rise <= 0 || rise < shape.from / 2) {
        return shape;
    }
    while (shape.before < count && smooth->values[shape.before] <= shape.from + 0.15 * rise) {
        shape.before++;
    }
    while (shape.after > 0 && smooth->values[shape.after - 1] >= shape.from + 0.75 * rise) {
        shape.after--;
    }
    size_t ramp = shape.after > shape.before ? shape.after - shape.before : 0, stay = count - shape.after;
    // The part of the upper level that must be level: after a step all of it, else only its end, since its start may belong to the rise.
    size_t end = ramp <= 1 ? stay : 2 * stay / 3 > tail ? 2 * stay / 3 : tail;
    if (stay < tail || deepest_fall(smooth, shape.before > 0 ? shape.before - 1 : 0, shape.after + 1) > 0.25 * rise ||
        tilt(points, count - end, count, rise) > (grows ? 0.04 : 0.25)) {
        return shape;
    }
    // A level before the rise has three points, is half as long as the rise, and is level: a slow warm-up starts with a few low points.
    // What grew linearly until it stopped is no warm-up.
    bool level = shape.before >= 3 && 2 * shape.before >= ramp && tilt(points, 0, shape.before, rise) <= 0.12;
    shape.from_start = !level && !grows;
    shape.kind = ramp <= 1 ? SHAPE_STEP : SHAPE_PLATEAU;
    shape.linear = ramp > 1 && is_line(smooth, points, &shape);
    if (!level && is_climb(points, shape.before + 1)) { // the second of the first three may be half way up
        shape.below = shape.from - points[0].value;
    } else if (shape.before > 3) {
        shape.from = trend_median_of(points, shape.before);
    }
    if (ramp <= 1) {
        shape.to = trend_median_of(points + shape.after, stay);
    }
    return shape;
}

// ---- Growth ----

static struct shape of_trend(const struct trend *trend, size_t start, size_t count) {
    size_t third = (count - start) / 3;
    return (struct shape){.kind = SHAPE_GROWS,
                          .from = trend->first,
                          .to = trend->last,
                          .start = start,
                          .before = start + third,
                          .after = count - third,
                          .trend = *trend};
}

// The typical difference between neighbours.
static double noise_of(const struct series_point *points, size_t count) {
    double differences[TREND_MAX_POINTS];
    for (size_t i = 1; i < count; i++) {
        differences[i - 1] = fabs(points[i].value - points[i - 1].value);
    }
    return trend_median(differences, count - 1);
}

// Growth that began in the newer half, above everything before: a cache that refills after it was emptied has been there before.
static struct shape of_late_trend(const struct smooth *smooth, const struct series_point *points, double min_rise) {
    struct shape none = {0};
    size_t count = smooth->count, half = count / 2;
    struct trend trend = trend_of(points + half, count - half, min_rise);
    if (!trend.grows || count - half < LATE_POINTS || trend.last - trend.first < 3 * noise_of(points, count)) {
        return none;
    }
    for (size_t i = 0; i < half; i++) {
        if (smooth->values[i] > trend.first + 0.15 * (trend.last - trend.first)) {
            return none;
        }
    }
    return of_trend(&trend, half, count);
}

static double highest(const struct smooth *smooth, size_t from, size_t to) {
    double highest = smooth->values[from];
    for (size_t i = from; i < to; i++) {
        highest = extremes_max(highest, smooth->values[i]);
    }
    return highest;
}

// Growth below a sawtooth: the minimum of what follows grows, and the peaks rise from third to third. A plain sawtooth has no rising peaks,
// and noise does not grow by much more than the difference between neighbours.
static struct shape of_lower_trend(const struct smooth *smooth, const struct series_point *points, double min_rise) {
    struct shape none = {0};
    struct series_point lowest[TREND_MAX_POINTS];
    size_t count = smooth->count, third = count / 3;
    double low = INFINITY;
    for (size_t i = count; i > 0; i--) {
        low = extremes_min(low, smooth->values[i - 1]);
        lowest[i - 1] = (struct series_point){points[i - 1].ms, low};
    }
    struct trend trend = trend_of(lowest, count, min_rise);
    double growth = trend.last - trend.first, enough = 0.15 * growth, first = highest(smooth, 0, third);
    double middle = highest(smooth, third, count - third), last = highest(smooth, count - third, count);
    bool grows = trend.grows && count >= 2 * LATE_POINTS && growth >= 3 * noise_of(points, count) && middle >= first + enough &&
                 last >= middle + enough;
    if (!grows) {
        return none;
    }
    // Amount and explanation are those of the values, not of their minima.
    struct shape shape = of_trend(&trend, 0, count);
    shape.from = trend_median_of(points, third);
    shape.to = trend_median_of(points + count - third, third);
    return shape;
}

// ---- All ----

struct shape shape_of(const struct series_point *points, size_t count, double min_rise) {
    struct shape none = {0};
    if (count < TREND_MIN_POINTS || count > TREND_MAX_POINTS) {
        return none;
    }
    struct smooth smooth = smooth_of(points, count);
    struct shape stairs = of_stairs(&smooth, min_rise);
    if (stairs.kind == SHAPE_DOUBLES) {
        return stairs;
    }
    struct trend trend = trend_of(points, count, min_rise);
    struct shape one = of_one_rise(&smooth, points, min_rise, trend.grows);
    if (one.kind != SHAPE_NONE && stairs.kind == SHAPE_NONE) {
        return one;
    }
    if (trend.grows) {
        return of_trend(&trend, 0, count);
    }
    if (stairs.kind != SHAPE_NONE) {
        return stairs;
    }
    struct shape late = of_late_trend(&smooth, points, min_rise);
    return late.kind != SHAPE_NONE ? late : of_lower_trend(&smooth, points, min_rise);
}
