// analysis_measures.c: findings of processes whose profiles were not read, or not all (analysis_rules.h).
#include "analysis_choice.h"
#include "analysis_rules.h"
#include "analysis_sentence.h"

#include <stdio.h>
#include <string.h>

static const char not_looked_at[] = "the stacks of this process were not looked at";
static const char not_all_looked_at[] = "not all stacks of this process could be looked at";

static void add_shape(struct findings *findings, const struct process *process, const struct suspicion *suspicion, const char *stacks) {
    bool c = suspicion->measure == MEASURE_C_LIVE_BYTES, goroutines = suspicion->measure == MEASURE_GOROUTINES;
    const struct shape *shape = &suspicion->shape;
    const char *unit = goroutines ? "count" : "bytes", *what = c ? "C memory" : goroutines ? "The number of goroutines" : "The live heap";
    const char *kind = goroutines ? shape->kind == SHAPE_GROWS ? "goroutine_growth" : "goroutine_plateau" : memory_kind(shape, c);
    struct finding *finding = findings_add(findings, kind, suspicion->measure, goroutines ? SEVERITY_MEDIUM : memory_severity(shape, c),
                                           (shape->to - shape->from) * (goroutines ? 8192 : 1));
    struct measures measures[TREND_MAX_POINTS];
    char sentence[300];
    if (!finding) {
        return;
    }
    finding->point_count = choice_series(process, suspicion->measure, finding->points, measures);
    shape_sentence(shape, finding->points, unit, sentence, sizeof sentence);
    snprintf(finding->title, sizeof finding->title, "%s %s; %s", what, sentence, stacks);
    shape_evidence(shape, finding->points, finding->point_count, unit, what, finding->evidence, sizeof finding->evidence);
    finding->unit = unit;
    if (!goroutines && shape->kind == SHAPE_GROWS) {
        finding->slope_bytes_per_minute = 60 * shape->trend.slope_per_s;
    }
}

static void add_height(struct findings *findings, const struct process *process, const struct suspicion *suspicion, const char *stacks) {
    bool goroutines = suspicion->measure == MEASURE_GOROUTINES, locks = suspicion->measure == MEASURE_LOCK_SECONDS_PER_S;
    struct finding *finding = findings_add(findings,
                                           goroutines ? "goroutine_pile_up"
                                           : locks    ? "lock_contention"
                                                      : "allocation_churn",
                                           suspicion->measure, SEVERITY_LOW,
                                           suspicion->value * (goroutines ? 8192
                                                               : locks    ? 1e8
                                                                          : 1));
    struct measures measures[TREND_MAX_POINTS];
    char amount[FINDING_AMOUNT_BYTES];
    if (!finding) {
        return;
    }
    finding->point_count = choice_series(process, suspicion->measure, finding->points, measures);
    finding->unit = measure_units[suspicion->measure];
    if (goroutines) {
        snprintf(finding->title, sizeof finding->title, "There are %.0f goroutines; %s", suspicion->value, stacks);
    } else if (locks) {
        snprintf(finding->title, sizeof finding->title, "%.3g seconds per second are spent waiting for locks; %s", suspicion->value,
                 stacks);
    } else {
        snprintf(finding->title, sizeof finding->title, "%s are allocated per second; %s", finding_bytes(suspicion->value, amount), stacks);
    }
    snprintf(finding->evidence, sizeof finding->evidence, "By the measure %s of %zu uploads.", measure_names[suspicion->measure],
             finding->point_count);
}

void analysis_measures(struct findings *findings, const struct process *process, const bool *settled) {
    const char *stacks = settled ? not_all_looked_at : not_looked_at;
    for (size_t i = 0; i < process->suspicion_count; i++) {
        size_t before = findings->count;
        const struct suspicion *suspicion = &process->suspicions[i];
        if (settled && (settled[suspicion->measure] || findings_have(findings, suspicion->measure))) {
            continue;
        }
        if (suspicion->shape.kind != SHAPE_NONE) {
            add_shape(findings, process, suspicion, stacks);
        } else {
            add_height(findings, process, suspicion, stacks);
        }
        if (findings->count > before) {
            findings->items[before]->first_upload = process->uploads[0].id;
            findings->items[before]->last_upload = process->uploads[process->count - 1].id;
        }
    }
}
