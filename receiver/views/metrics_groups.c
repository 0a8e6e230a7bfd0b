// metrics_groups.c: series by the values of a tag (metrics_groups.h).
#include "metrics_groups.h"
#include "metrics_moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct value {
    uint32_t number;
    const char *text;
    size_t uploads, processes;
    double newest[MEASURE_COUNT]; // NAN: none
    double peak;                  // of the series at hand; NAN: none
};

struct grouped {
    struct moments *moments;
    const struct metrics *metrics;
    bool summed;
    struct value *values; // by number, from 1; afterwards in the order of the table
    size_t count;
    struct value **ranked; // capacity for all of them
    bool *has_line;        // by number
};

// ---- Lines ----

static int by_peak(const void *left, const void *right) {
    const struct value *a = *(const struct value *const *)left, *b = *(const struct value *const *)right;
    return a->peak != b->peak ? (a->peak < b->peak) - (a->peak > b->peak) : strcmp(a->text, b->text);
}

static int measure_named(const char *name) {
    int measure = 0;
    while (measure < MEASURE_COUNT && strcmp(measure_names[measure], name) != 0) {
        measure++;
    }
    return measure;
}

// Ranks the values that have a point. Returns their count.
static size_t rank(struct grouped *grouped, const struct metrics_series *series) {
    int measure = measure_named(series->name);
    size_t ranked = 0;
    for (size_t i = 0; i < grouped->count; i++) {
        struct series_point points[METRICS_MAX_POINTS];
        struct value *value = &grouped->values[i];
        size_t count = moments_of_group(grouped->moments, series, value->number, grouped->summed, points);
        value->peak = NAN;
        for (size_t at = 0; at < count; at++) {
            value->peak = fmax(value->peak, points[at].value);
        }
        if (count > 0) {
            grouped->ranked[ranked++] = value;
        }
        if (count > 0 && measure < MEASURE_COUNT) {
            value->newest[measure] = points[count - 1].value;
        }
    }
    qsort(grouped->ranked, ranked, sizeof(*grouped->ranked), by_peak);
    return ranked;
}

static void write_line(struct grouped *grouped, const struct metrics_series *series, const struct value *value, struct json *json) {
    struct series_point points[METRICS_MAX_POINTS];
    size_t count = moments_of_group(grouped->moments, series, value->number, grouped->summed, points);
    json_object_begin(json);
    json_key(json, "value");
    json_text(json, value->text);
    metrics_write_points(points, count, json);
    json_object_end(json);
}

static void write_series(struct grouped *grouped, const struct metrics_series *series, struct json *json) {
    size_t ranked = rank(grouped, series), lines = ranked < METRICS_LINES ? ranked : METRICS_LINES;
    memset(grouped->has_line, 0, grouped->count + 1);
    metrics_begin_series(series, grouped->moments, grouped->summed, json);
    json_key(json, "groups");
    json_array_begin(json);
    for (size_t i = 0; i < lines; i++) {
        grouped->has_line[grouped->ranked[i]->number] = true;
        write_line(grouped, series, grouped->ranked[i], json);
    }
    json_array_end(json);
    if (ranked > lines) {
        struct series_point points[METRICS_MAX_POINTS];
        size_t count = moments_of_others(grouped->moments, series, grouped->has_line, grouped->summed, points);
        json_key(json, "others");
        json_object_begin(json);
        json_key(json, "values");
        json_number(json, (int64_t)(ranked - lines));
        metrics_write_points(points, count, json);
        json_object_end(json);
    }
    json_object_end(json);
}

// ---- Table ----

static double memory_of(const struct value *value) {
    double c = value->newest[MEASURE_C_LIVE_BYTES], heap = value->newest[MEASURE_HEAP_LIVE_BYTES];
    return (isnan(c) ? 0 : c) + (isnan(heap) ? 0 : heap);
}

// Of a table that is cut, what has most memory stays.
static int by_memory(const void *left, const void *right) {
    const struct value *a = left, *b = right;
    double one = memory_of(a), other = memory_of(b);
    if (one != other) {
        return one < other ? 1 : -1;
    }
    return a->uploads != b->uploads ? (a->uploads < b->uploads) - (a->uploads > b->uploads) : strcmp(a->text, b->text);
}

static void write_value(const struct value *value, struct json *json) {
    json_object_begin(json);
    json_key(json, "value");
    json_text(json, value->text);
    json_key(json, "uploads");
    json_number(json, (int64_t)value->uploads);
    json_key(json, "processes");
    json_number(json, (int64_t)value->processes);
    json_key(json, "newest");
    json_object_begin(json);
    for (int measure = 0; measure < MEASURE_COUNT; measure++) {
        json_key(json, measure_names[measure]);
        json_real(json, value->newest[measure]);
    }
    json_object_end(json);
    json_object_end(json);
}

static void write_table(struct grouped *grouped, const struct search_groups *groups, struct json *json) {
    size_t rows = grouped->count < METRICS_ROWS ? grouped->count : METRICS_ROWS;
    qsort(grouped->values, grouped->count, sizeof *grouped->values, by_memory);
    json_key(json, "group");
    json_object_begin(json);
    json_key(json, "key");
    json_text(json, groups->key);
    json_key(json, "values");
    json_array_begin(json);
    for (size_t i = 0; i < rows; i++) {
        write_value(&grouped->values[i], json);
    }
    json_array_end(json);
    json_key(json, "values_left_out");
    json_number(json, (int64_t)(grouped->count - rows));
    json_key(json, "uploads_not_looked_at");
    json_number(json, (int64_t)groups->unknown);
    json_key(json, "uploads_beyond");
    json_number(json, (int64_t)groups->beyond);
    json_object_end(json);
}

// ---- All ----

static void count_values(struct grouped *grouped, const struct upload_list *list, const struct search_groups *groups) {
    for (size_t i = 0; i < grouped->count; i++) {
        uint32_t number = (uint32_t)i + 1;
        grouped->values[i] = (struct value){
            .number = number, .text = search_groups_text(groups, number), .processes = moments_processes(grouped->moments, number)};
        for (int measure = 0; measure < MEASURE_COUNT; measure++) {
            grouped->values[i].newest[measure] = NAN;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        grouped->values[list->uploads[i].group - 1].uploads++;
    }
}

enum receiver_error metrics_write_groups(const struct metrics *metrics, const struct upload_list *list, const struct search_groups *groups,
                                         bool summed, struct json *json) {
    size_t count = search_groups_count(groups);
    struct grouped grouped = {.moments = moments_new(list, metrics, METRICS_GROUP_POINTS),
                              .metrics = metrics,
                              .summed = summed,
                              .values = malloc((count + 1) * sizeof *grouped.values),
                              .count = count,
                              .ranked = malloc((count + 1) * sizeof *grouped.ranked),
                              .has_line = malloc(count + 1)};
    bool ok = grouped.moments && grouped.values && grouped.ranked && grouped.has_line;
    if (ok) {
        count_values(&grouped, list, groups);
        json_object_begin(json);
        sweep_report_write(&metrics->report, json);
        json_key(json, "series");
        json_array_begin(json);
        for (size_t i = 0; i < metrics->count; i++) {
            if (metrics_kind(metrics->series[i].name) != METRICS_IDENTITY) {
                write_series(&grouped, &metrics->series[i], json);
            }
        }
        json_array_end(json);
        write_table(&grouped, groups, json);
        json_object_end(json);
    }
    moments_free(grouped.moments);
    free(grouped.values);
    free(grouped.ranked);
    free(grouped.has_line);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
