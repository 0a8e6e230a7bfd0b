// analysis_sentence.c: shapes in words (analysis_sentence.h).
#include "analysis_sentence.h"

#include <stdio.h>
#include <string.h>

const char *shape_name(enum shape_kind kind) {
    static const char *const names[] = {[SHAPE_NONE] = "none",   [SHAPE_GROWS] = "growth", [SHAPE_DOUBLES] = "doubling",
                                        [SHAPE_STEPS] = "steps", [SHAPE_STEP] = "step",    [SHAPE_PLATEAU] = "plateau"};
    return names[kind];
}

static const char *amount(double value, const char *unit, char text[FINDING_AMOUNT_BYTES]) {
    if (strcmp(unit, "bytes") == 0) {
        return finding_bytes(value, text);
    }
    snprintf(text, FINDING_AMOUNT_BYTES, "%.0f", value);
    return text;
}

// "grows by 3 MB a minute", "rose from 1 MB to 80 MB at once at ... and has stayed".
void shape_sentence(const struct shape *shape, const struct series_point *points, const char *unit, char *text, size_t size) {
    char from[FINDING_AMOUNT_BYTES], to[FINDING_AMOUNT_BYTES], since[FINDING_AMOUNT_BYTES], time[FINDING_AMOUNT_BYTES],
        rate[FINDING_AMOUNT_BYTES];
    amount(shape->from - shape->below, unit, from);
    amount(shape->to, unit, to);
    size_t before = shape->before > 0 && shape->below == 0 ? shape->before - 1 : 0;
    switch (shape->kind) {
    case SHAPE_GROWS:
        if (strcmp(unit, "bytes") == 0) {
            snprintf(text, size, "grows by %s", finding_rate(shape->trend.slope_per_s, rate));
        } else {
            snprintf(text, size, "grows by %.3g a minute", 60 * shape->trend.slope_per_s);
        }
        break;
    case SHAPE_DOUBLES:
        snprintf(text, size, "doubles each time that it is full, %zu times so far: %s now, from %s, the last %s at once", shape->steps, to,
                 from, amount(shape->last_step, unit, rate));
        break;
    case SHAPE_STEPS:
        snprintf(text, size, "has risen in %zu steps, from %s to %s", shape->steps, from, to);
        break;
    case SHAPE_STEP:
        snprintf(text, size, "rose from %s to %s at once and has stayed since %s", from, to, finding_time(points[shape->after].ms, since));
        break;
    default:
        snprintf(text, size, "rose from %s to %s within %s and has stayed since %s", from, to,
                 finding_duration((double)(points[shape->after].ms - points[before].ms) / 1000, time),
                 finding_time(points[shape->after].ms, since));
    }
}

void shape_evidence(const struct shape *shape, const struct series_point *points, size_t count, const char *unit, const char *what,
                    char *text, size_t size) {
    char from[FINDING_AMOUNT_BYTES], to[FINDING_AMOUNT_BYTES], time[FINDING_AMOUNT_BYTES], since[FINDING_AMOUNT_BYTES];
    amount(shape->from - shape->below, unit, from);
    amount(shape->to, unit, to);
    finding_duration((double)(points[count - 1].ms - points[shape->start].ms) / 1000, time);
    if (shape->kind == SHAPE_GROWS) {
        snprintf(text, size,
                 "%s rose from %s to %s (medians of the first and the last third) over %zu profiles in %s. "
                 "%.0f %% of the pairs of profiles that differ rise, and the last half goes on as the first.",
                 what, from, to, count - shape->start, time, 100 * shape->trend.rising);
        return;
    }
    const char *last = shape->from_start ? " It rose from the first profile on: a cache that has filled looks the same." : "";
    size_t top = shape->after < count ? shape->after : count - 1;
    snprintf(text, size, "%s was %s, and is %s since %s: nothing of it was given back in the last %zu of %zu profiles (%s in all).%s", what,
             from, to, finding_time(points[top].ms, since), count - top, count, time, last);
}

void finding_set_series(struct finding *finding, const struct stacks *stacks, const struct series_point *points, const char *attachment) {
    memcpy(finding->points, points, stacks->profile_count * sizeof *points);
    finding->point_count = stacks->profile_count;
    finding->first_upload = stacks->ids[0];
    finding->last_upload = stacks->ids[stacks->profile_count - 1];
    snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
}
