// analysis_choice.c: which processes are examined (analysis_choice.h).
#include "analysis_choice.h"
#include "analysis_rules.h"
#include "analysis_work.h"

#include <math.h>
#include <stdlib.h>

static int compare_uploads(const void *left, const void *right) {
    const struct overview_upload *a = left, *b = right;
    if (a->process != b->process) {
        return a->process < b->process ? -1 : 1;
    }
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

// The i-th of `max` indices spread evenly over `count`.
static size_t spread(size_t i, size_t max, size_t count) {
    return count <= max ? i : i * (count - 1) / (max - 1);
}

size_t choice_thin(const struct process *process, size_t max, struct listed_upload *uploads) {
    size_t count = process->count < max ? process->count : max;
    for (size_t i = 0; i < count; i++) {
        const struct overview_upload *upload = &process->uploads[spread(i, max, process->count)];
        uploads[i] = overview_listed(upload);
    }
    return count;
}

size_t choice_series(const struct process *process, enum measure measure, struct series_point *points, struct measures *measures) {
    size_t count = process->count < TREND_MAX_POINTS ? process->count : TREND_MAX_POINTS, used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct overview_upload *upload = &process->uploads[spread(i, TREND_MAX_POINTS, process->count)];
        if (isfinite(upload->measures.values[measure])) {
            measures[used] = upload->measures;
            points[used++] = (struct series_point){upload->end_ms, upload->measures.values[measure]};
        }
    }
    return used;
}

// ---- Screening by measures ----

static bool suspect(struct process *process, enum measure measure, const struct shape *shape, double value) {
    struct suspicion *grown = realloc(process->suspicions, (process->suspicion_count + 1) * sizeof *grown);
    if (grown) {
        process->suspicions = grown;
        process->suspicions[process->suspicion_count++] = (struct suspicion){measure, *shape, value};
    }
    return grown;
}

// Weights, comparable to megabytes of C memory.
static double worth(enum measure measure) {
    static const double worths[MEASURE_COUNT] = {[MEASURE_HEAP_LIVE_BYTES] = 0.5e-6,
                                                 [MEASURE_C_LIVE_BYTES] = 1e-6,
                                                 [MEASURE_GOROUTINES] = 0.1,
                                                 [MEASURE_LOCK_SECONDS_PER_S] = 20,
                                                 [MEASURE_ALLOC_BYTES_PER_S] = 1e-8};
    return worths[measure];
}

// The rise, and a tenth of the level.
static void weigh(struct process *process, enum measure measure, const struct series_point *points, size_t count) {
    size_t third = count >= 3 ? count / 3 : 1;
    double last = trend_median_of(points + count - third, third), rise = last - trend_median_of(points, third);
    process->weight = fmax(process->weight, worth(measure) * (fmax(rise, 0) + last / 10));
}

static double newest(const struct process *process, enum measure measure) {
    struct series_point points[TREND_MAX_POINTS];
    struct measures measures[TREND_MAX_POINTS];
    size_t count = choice_series(process, measure, points, measures);
    return count > 0 ? points[count - 1].value : 0;
}

// Returns false without memory.
static bool look_at(struct process *process, enum measure measure) {
    struct series_point points[TREND_MAX_POINTS];
    struct measures measures[TREND_MAX_POINTS];
    size_t count = choice_series(process, measure, points, measures);
    if (count == 0) {
        return true;
    }
    weigh(process, measure, points, count);
    double now = load_now(points, count);
    bool bytes = measure == MEASURE_C_LIVE_BYTES || measure == MEASURE_HEAP_LIVE_BYTES;
    if (bytes || measure == MEASURE_GOROUTINES) {
        struct shape shape = shape_of(points, count, bytes ? 65536 : 20);
        bool matters = bytes ? memory_matters(&shape, measure == MEASURE_C_LIVE_BYTES, 0) : goroutines_matter(&shape);
        if (shape.kind != SHAPE_NONE && matters && !work_explains(measures, count, &shape)) {
            return suspect(process, measure, &shape, points[count - 1].value);
        }
    }
    double live = measure == MEASURE_ALLOC_BYTES_PER_S ? newest(process, MEASURE_HEAP_LIVE_BYTES) : 0;
    bool high = (measure == MEASURE_GOROUTINES && points[count - 1].value >= GOROUTINES_PILED_UP) ||
                (measure == MEASURE_LOCK_SECONDS_PER_S && now >= CONTENTION_SECONDS_PER_S) ||
                (measure == MEASURE_ALLOC_BYTES_PER_S && now >= CHURN_BYTES_PER_S && now >= live);
    return !high || suspect(process, measure, &(struct shape){0}, measure == MEASURE_GOROUTINES ? points[count - 1].value : now);
}

static bool has(const struct overview_upload *upload, enum measure measure) {
    return isfinite(upload->measures.values[measure]);
}

static bool look_at_all(struct process *process) {
    for (size_t i = 0; i < process->count; i++) {
        const struct overview_upload *upload = &process->uploads[i];
        bool told = false;
        for (int m = 0; m < MEASURE_COUNT; m++) {
            told = told || has(upload, (enum measure)m);
        }
        process->told += told;
        process->memory += has(upload, MEASURE_C_LIVE_BYTES) || has(upload, MEASURE_HEAP_LIVE_BYTES);
        process->c_memory += has(upload, MEASURE_C_LIVE_BYTES);
        process->goroutines += has(upload, MEASURE_GOROUTINES);
        process->locks += has(upload, MEASURE_LOCK_SECONDS_PER_S);
        process->pending += !told && !upload->measured;
    }
    static const enum measure measures[] = {MEASURE_C_LIVE_BYTES, MEASURE_HEAP_LIVE_BYTES, MEASURE_GOROUTINES, MEASURE_LOCK_SECONDS_PER_S,
                                            MEASURE_ALLOC_BYTES_PER_S};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof measures / sizeof *measures; i++) {
        ok = look_at(process, measures[i]);
    }
    return ok;
}

// ---- Order ----

// A process without measures has to be examined to say why.
static bool is_suspect(const struct process *process) {
    return process->suspicion_count > 0 || process->told + process->pending < process->count;
}

static int compare_weights(const void *left, const void *right) {
    const struct process *a = left, *b = right;
    if (is_suspect(a) != is_suspect(b)) {
        return is_suspect(a) ? -1 : 1;
    }
    if (a->weight != b->weight) {
        return a->weight > b->weight ? -1 : 1;
    }
    return a->uploads->id < b->uploads->id ? -1 : a->uploads->id > b->uploads->id;
}

static int compare_in_service(const void *left, const void *right) {
    const struct process *a = left, *b = right;
    if (a->uploads->service != b->uploads->service) {
        return a->uploads->service < b->uploads->service ? -1 : 1;
    }
    return compare_weights(left, right);
}

static int compare_order(const void *left, const void *right) {
    const struct process *a = left, *b = right;
    if (is_suspect(a) != is_suspect(b)) {
        return is_suspect(a) ? -1 : 1;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    return compare_weights(left, right);
}

static void order(struct process *processes, size_t count) {
    qsort(processes, count, sizeof *processes, compare_in_service);
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && processes[i - 1].uploads->service == processes[i].uploads->service;
        processes[i].rank = same ? processes[i - 1].rank + 1 : 0;
    }
    qsort(processes, count, sizeof *processes, compare_order);
}

static size_t count_processes(const struct overview *overview) {
    size_t count = 0;
    for (size_t i = 0; i < overview->count; i++) {
        count += i == 0 || overview->uploads[i].process != overview->uploads[i - 1].process;
    }
    return count;
}

enum receiver_error choice_make(struct overview *overview, struct process **out, size_t *out_count) {
    if (overview->count > 1) {
        qsort(overview->uploads, overview->count, sizeof *overview->uploads, compare_uploads);
    }
    size_t count = count_processes(overview), used = 0;
    struct process *processes = calloc(count + 1, sizeof *processes);
    if (!processes) {
        return RECEIVER_NO_MEMORY;
    }
    for (size_t from = 0, to; from < overview->count; from = to) {
        for (to = from + 1; to < overview->count && overview->uploads[to].process == overview->uploads[from].process; to++) {
        }
        processes[used] = (struct process){.uploads = overview->uploads + from, .count = to - from};
        if (!look_at_all(&processes[used++])) {
            choice_free(processes, used);
            return RECEIVER_NO_MEMORY;
        }
    }
    if (count > 1) {
        order(processes, count);
    }
    *out = processes;
    *out_count = count;
    return RECEIVER_OK;
}

void choice_free(struct process *processes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(processes[i].suspicions);
    }
    free(processes);
}
