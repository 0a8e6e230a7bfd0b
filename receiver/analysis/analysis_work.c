// analysis_work.c: what more work explains (analysis_work.h).
#include "analysis_work.h"

#include <math.h>

// The median of the known ones, at least three; else 0.
static double median_of(const struct measures *measures, size_t count, enum measure measure) {
    double values[TREND_MAX_POINTS];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(measures[i].values[measure])) {
            values[used++] = measures[i].values[measure];
        }
    }
    return used >= 3 ? trend_median(values, used) : 0;
}

bool work_explains(const struct measures *measures, size_t count, const struct shape *shape) {
    static const enum measure kinds[] = {MEASURE_CPU_CORES, MEASURE_ALLOC_BYTES_PER_S};
    double lowest = INFINITY;
    // At least three points: stairs may start with the second and end with the last.
    size_t before_count = shape->before - shape->start, after_count = count - shape->after;
    size_t first = before_count > 3 ? before_count : 3, last = after_count > 3 ? after_count : 3;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && shape->start + first + last <= count; i++) {
        double before = median_of(measures + shape->start, first, kinds[i]);
        double after = median_of(measures + count - last, last, kinds[i]);
        if (before > 0 && after > 0) {
            lowest = fmin(lowest, after / before);
        }
    }
    // A seventh more work explains nothing: work always varies. 1.15 again: memory in use follows work, but not exactly.
    return isfinite(lowest) && lowest > 1.15 && shape->to <= 1.15 * lowest * shape->from;
}
