// metrics.c: series over time (metrics.h). SQLite parses the JSON, in an empty in-memory database.
#include "metrics.h"
#include "../../base/vector.h"
#include "../index/recording_conversion.h"
#include "metrics_moments.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_JSON_BYTES = 1 << 20, // real ones have 300
    MAX_PAIRS = 1024,         // per upload; real ones have 10. A selection of 5,000 uploads takes 80 MB at most
};

// ---- Adding ----

static struct metrics_series *series_of(struct metrics *metrics, const char *name) {
    for (size_t i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->series[i].name, name) == 0) {
            return &metrics->series[i];
        }
    }
    if (metrics->count == METRICS_MAX_SERIES || strlen(name) >= METRICS_MAX_NAME) {
        return NULL;
    }
    struct metrics_series *series = &metrics->series[metrics->count++];
    snprintf(series->name, sizeof series->name, "%s", name);
    return series;
}

// upload: index in the list. Returns false without memory.
static bool add_point(struct metrics *metrics, const char *name, size_t upload, int64_t ms, double value) {
    struct metrics_series *series = series_of(metrics, name);
    if (!series || !isfinite(value)) {
        return true;
    }
    if (!VECTOR_RESERVE(series->points, series->capacity, series->count + 1) ||
        !VECTOR_RESERVE(series->uploads, series->upload_capacity, series->count + 1)) {
        return false;
    }
    series->uploads[series->count] = upload;
    series->points[series->count++] = (struct series_point){ms, value};
    return true;
}

static bool is_measure(const char *name) {
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        if (strcmp(name, measure_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

// ---- metrics.json ----

struct reading {
    struct metrics *metrics;
    const struct upload_list *list;
    sqlite3 *database;
    sqlite3_stmt *pairs;
};

static bool open_reading(struct reading *reading) {
    static const char sql[] = "SELECT json_extract(pair, '$[0]'), json_extract(pair, '$[1]') FROM"
                              " (SELECT CASE WHEN type = 'array' THEN value ELSE '[]' END AS pair FROM json_each(?1))"
                              " WHERE json_type(pair, '$[0]') = 'text' AND json_type(pair, '$[1]') IN ('integer', 'real')";
    return sqlite3_open_v2(":memory:", &reading->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(reading->database, sql, -1, &reading->pairs, NULL) == SQLITE_OK;
}

static void close_reading(struct reading *reading) {
    sqlite3_finalize(reading->pairs);
    sqlite3_close(reading->database);
}

static enum receiver_error read_pairs(struct reading *reading, const struct listed_upload *upload, const void *json, size_t size,
                                      char *text) {
    sqlite3_stmt *pairs = reading->pairs;
    size_t index = (size_t)(upload - reading->list->uploads);
    bool ok = true;
    int step = SQLITE_DONE, count = 0;
    sqlite3_bind_text(pairs, 1, json, (int)size, SQLITE_STATIC);
    while (ok && (step = sqlite3_step(pairs)) == SQLITE_ROW && count++ < MAX_PAIRS) {
        const char *name = (const char *)sqlite3_column_text(pairs, 0);
        // Skips a measure: the receiver computes its own, for every upload.
        ok = !name || is_measure(name) || add_point(reading->metrics, name, index, upload->end_ms, sqlite3_column_double(pairs, 1));
    }
    bool bad = ok && step != SQLITE_DONE;
    sqlite3_reset(pairs);
    if (bad) {
        snprintf(text, 160, step == SQLITE_ROW ? "more than %d values" : "not an array of names and numbers", MAX_PAIRS);
    }
    return bad ? RECEIVER_BAD_UPLOAD : ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error take_json(void *state, struct sweep_file *file) {
    uint8_t *json;
    size_t json_size;
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = MAX_JSON_BYTES;
    enum merge_error error = merge_inflate_limited(file->bytes, file->size, &limits, &json, &json_size, NULL);
    if (error != MERGE_OK) {
        snprintf(file->text, sizeof file->text, "metrics.json: %s", merge_error_text(error));
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
    }
    enum receiver_error result = read_pairs(state, file->upload, json, json_size, file->text);
    free(json);
    return result;
}

// ---- Recordings of Java ----

enum { MAX_RECORDINGS = 360, NAMES_FROM = 20, MAX_NAMES = 8 };

struct recordings {
    struct store *store;
    struct metrics *metrics;
    const struct upload_list *list;
    char names[MAX_NAMES][CATALOG_NAME_MAX_BYTES + 1];
    size_t name_count;
};

static void add_name(struct recordings *recordings, const char *name) {
    for (size_t i = 0; i < recordings->name_count; i++) {
        if (strcmp(recordings->names[i], name) == 0) {
            return;
        }
    }
    if (recordings->name_count < MAX_NAMES) {
        snprintf(recordings->names[recordings->name_count++], sizeof recordings->names[0], "%.*s", CATALOG_NAME_MAX_BYTES, name);
    }
}

// What the newest uploads call theirs; a client calls all of them the same.
static enum receiver_error find_names(struct store *store, struct recordings *recordings) {
    const struct upload_list *list = recordings->list;
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    enum receiver_error error = RECEIVER_OK;
    for (size_t i = list->count; i > 0 && i + NAMES_FROM > list->count && error == RECEIVER_OK; i--) {
        size_t count = 0;
        error = catalog_attachments(store_catalog(store), list->uploads[i - 1].id, attachments, &count);
        for (size_t a = 0; a < count; a++) {
            if (catalog_is_recording(attachments[a].name)) {
                add_name(recordings, attachments[a].name);
            }
        }
    }
    return error;
}

static enum receiver_error take_recording(void *state, struct sweep_file *file) {
    struct recordings *recordings = state;
    struct conversion recording;
    const struct listed_upload *upload = file->upload;
    size_t index = (size_t)(upload - recordings->list->uploads);
    if (recordings->list->count - index > MAX_RECORDINGS) {
        snprintf(file->text, sizeof file->text, "left out: metrics are read from the newest %d recordings", MAX_RECORDINGS);
        return RECEIVER_TOO_LARGE;
    }
    enum receiver_error error = conversion_of(store_conversions(recordings->store), upload->id, file->name, file->bytes, file->size,
                                              &recording, file->text, sizeof file->text);
    if (error != RECEIVER_OK) {
        return error;
    }
    const struct recording_figures *figures = &recording.figures;
    double seconds = (double)(upload->end_ms - upload->start_ms) / 1e3;
    bool ok = true;
    for (size_t i = 0; ok && i < figures->count; i++) {
        ok = add_point(recordings->metrics, figures->figures[i].name, index, upload->end_ms, recording_figure_at(figures, i, seconds));
    }
    conversion_free(&recording);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error read_recordings(struct store *store, const struct upload_list *list, struct metrics *metrics) {
    struct recordings recordings = {.store = store, .metrics = metrics, .list = list};
    void *parts[2] = {&recordings, NULL};
    const char *names[MAX_NAMES];
    struct sweep_report report = {0};
    enum receiver_error error = find_names(store, &recordings);
    for (size_t i = 0; i < recordings.name_count; i++) {
        names[i] = recordings.names[i];
    }
    if (error == RECEIVER_OK && recordings.name_count > 0) {
        error = sweep_uploads_as_received(store, list, names, recordings.name_count, take_recording, parts, &report);
        sweep_report_add(&metrics->report, &report);
    }
    return error;
}

// ---- All ----

struct placed_point {
    struct series_point point;
    size_t upload;
};

static int compare_points(const void *left, const void *right) {
    int64_t a = ((const struct placed_point *)left)->point.ms, b = ((const struct placed_point *)right)->point.ms;
    return a < b ? -1 : a > b;
}

// By time. Returns false without memory.
static bool sort_series(struct metrics_series *series) {
    struct placed_point *placed = malloc((series->count + 1) * sizeof *placed);
    for (size_t i = 0; placed && i < series->count; i++) {
        placed[i] = (struct placed_point){series->points[i], series->uploads[i]};
    }
    if (placed) {
        qsort(placed, series->count, sizeof *placed, compare_points);
    }
    for (size_t i = 0; placed && i < series->count; i++) {
        series->points[i] = placed[i].point;
        series->uploads[i] = placed[i].upload;
    }
    free(placed);
    return placed;
}

static bool add_measures(struct metrics *metrics, const struct upload_list *list) {
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        for (size_t i = 0; i < list->count; i++) {
            const struct listed_upload *upload = &list->uploads[i];
            if (isfinite(upload->measures.values[m]) &&
                !add_point(metrics, measure_names[m], i, upload->end_ms, upload->measures.values[m])) {
                return false;
            }
        }
    }
    return true;
}

enum receiver_error metrics_read(struct store *store, const struct upload_list *list, struct metrics **out) {
    struct metrics *metrics = calloc(1, sizeof *metrics);
    struct reading reading = {.metrics = metrics, .list = list};
    void *parts[2] = {&reading, NULL};
    enum receiver_error error = metrics && open_reading(&reading) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK && !add_measures(metrics, list)) {
        error = RECEIVER_NO_MEMORY;
    }
    if (error == RECEIVER_OK) {
        error = sweep_uploads(store, list, "metrics.json", take_json, parts, &metrics->report);
    }
    if (error == RECEIVER_OK) {
        error = read_recordings(store, list, metrics);
    }
    close_reading(&reading);
    for (size_t i = 0; error == RECEIVER_OK && i < metrics->count; i++) {
        error = sort_series(&metrics->series[i]) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    if (error != RECEIVER_OK) {
        metrics_free(metrics);
        return error;
    }
    metrics->report.uploads = list->count; // most clients send no such file
    *out = metrics;
    return RECEIVER_OK;
}

void metrics_free(struct metrics *metrics) {
    for (size_t i = 0; metrics && i < metrics->count; i++) {
        free(metrics->series[i].points);
        free(metrics->series[i].uploads);
    }
    free(metrics);
}

const struct metrics_series *metrics_find(const struct metrics *metrics, const char *name) {
    for (size_t i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->series[i].name, name) == 0) {
            return &metrics->series[i];
        }
    }
    return NULL;
}

// ---- Writing ----

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

const char *metrics_unit(const char *name) {
    static const char *const by_end[][2] = {{"_bytes_per_sec", "bytes/s"},
                                            {"_per_sec", "1/s"},
                                            {"_bytes", "bytes"},
                                            {"_max_gc_pause_time", "nanoseconds"},
                                            {"_time", "ratio"}, // of the period: go_gc_pause_time, c_sampling_time
                                            {"_num_goroutine", "count"},
                                            {"_threads", "count"},
                                            {"_classes", "count"},
                                            {"_events", "count"},
                                            {"_kills", "count"},
                                            {"_objects", "count"},
                                            {"_blocks", "count"},
                                            {"_cores", "cores"},
                                            {"_ns", "nanoseconds"}};
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        if (strcmp(name, measure_names[i]) == 0) {
            return measure_units[i];
        }
    }
    for (size_t i = 0; i < sizeof by_end / sizeof *by_end; i++) {
        if (ends_with(name, by_end[i][0])) {
            return by_end[i][1];
        }
    }
    return "";
}

enum metrics_kind metrics_kind(const char *name) {
    static const struct {
        const char *name;
        enum metrics_kind kind;
    } named[] = {{"c_verdict", METRICS_CODE},
                 {"c_verdict_bytes", METRICS_OF_CODE},
                 {"memory_incomplete", METRICS_FLAG},
                 {"memory_cgroup_id", METRICS_IDENTITY}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (strcmp(name, named[i].name) == 0) {
            return named[i].kind;
        }
    }
    bool of_container =
        strncmp(name, "memory_cgroup_", strlen("memory_cgroup_")) == 0 || strncmp(name, "memory_limit_", strlen("memory_limit_")) == 0;
    return of_container ? METRICS_OF_CONTAINER : METRICS_OF_PROCESS;
}

static void write_series(const struct metrics_series *series, struct moments *moments, bool summed, struct json *json) {
    struct series_point points[METRICS_MAX_POINTS];
    size_t count = moments_of_series(moments, series, summed, points);
    json_object_begin(json);
    json_key(json, "name");
    json_text(json, series->name);
    json_key(json, "unit");
    json_text(json, metrics_unit(series->name));
    json_key(json, "points");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_array_begin(json);
        json_number(json, points[i].ms);
        json_real(json, points[i].value);
        json_array_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

enum receiver_error metrics_write(const struct metrics *metrics, const struct upload_list *list, bool summed, struct json *json) {
    struct moments *moments = moments_new(list, metrics);
    if (!moments) {
        return RECEIVER_NO_MEMORY;
    }
    json_object_begin(json);
    sweep_report_write(&metrics->report, json);
    json_key(json, "series");
    json_array_begin(json);
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics_kind(metrics->series[i].name) != METRICS_IDENTITY) {
            write_series(&metrics->series[i], moments, summed, json);
        }
    }
    json_array_end(json);
    json_object_end(json);
    moments_free(moments);
    return RECEIVER_OK;
}
