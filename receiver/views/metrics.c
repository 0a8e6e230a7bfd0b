// metrics.c: series over time (metrics.h).
#include "metrics.h"
#include "../index/figures_store.h"
#include "../store/stored_upload.h"
#include "metrics_moments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_RECORDINGS = 360 }; // that are read from files

// ---- Adding ----

// NULL: there are too many, or no memory, which *no_memory tells. hint: where it probably is.
static struct metrics_series *series_of(struct metrics *metrics, const char *name, size_t hint, bool *no_memory) {
    for (size_t i = 0; i < metrics->count; i++) {
        struct metrics_series *series = &metrics->series[(hint + i) % metrics->count];
        if (strcmp(series->name, name) == 0) {
            return series;
        }
    }
    size_t bytes = (metrics->uploads + 1) * sizeof(double);
    if (metrics->count == METRICS_MAX_SERIES || strlen(name) >= METRICS_MAX_NAME) {
        return NULL;
    }
    bool fits = merge_budget_take(bytes);
    double *values = fits ? malloc(bytes) : NULL;
    if (!values) {
        merge_budget_give(fits ? bytes : 0);
        *no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < metrics->uploads; i++) {
        values[i] = NAN;
    }
    struct metrics_series *series = &metrics->series[metrics->count++];
    *series = (struct metrics_series){.values = values};
    snprintf(series->name, sizeof series->name, "%s", name);
    return series;
}

static bool add_measures(struct metrics *metrics, const struct upload_list *list) {
    bool no_memory = false;
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        struct metrics_series *series = NULL;
        for (size_t i = 0; i < list->count && !no_memory; i++) {
            double value = list->uploads[i].measures.values[m];
            if (isfinite(value)) {
                series = series ? series : series_of(metrics, measure_names[m], 0, &no_memory);
                if (series) {
                    series->values[i] = value;
                }
            }
        }
    }
    return !no_memory;
}

struct reading {
    struct store *store;
    const struct upload_list *list;
    struct metrics *metrics;
    size_t *order;        // of the list's uploads: by process, and by id
    bool *known;          // by upload: its figures were read
    size_t from, to;      // in the order: the process at hand
    size_t recordings;    // read from files
    bool no_memory, gone; // gone: nobody waits any more
};

static void add_failures(struct reading *reading, int64_t id, const enum figures_state *states, const char *const *texts) {
    for (int source = 0; source < FIGURES_SOURCES; source++) {
        const char *text = texts[source] ? texts[source] : "";
        if (states[source] == FIGURES_FAILED) {
            sweep_report_add_failures(&reading->metrics->report, id, 1, (size_t)source, text);
        }
        if (states[source] == FIGURES_FAILED && source == FIGURES_METRICS) {
            sweep_report_add_failures(&reading->metrics->json_report, id, 1, 0, text);
        }
    }
}

// ---- Kept figures ----

static int by_process(const void *left, const void *right, void *context) {
    const struct upload_list *list = context;
    const struct listed_upload *a = &list->uploads[*(const size_t *)left], *b = &list->uploads[*(const size_t *)right];
    if (a->process != b->process) {
        return a->process < b->process ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

static const struct listed_upload *upload_at(const struct reading *reading, size_t at) {
    return &reading->list->uploads[reading->order[at]];
}

// The place of an upload in the list; SIZE_MAX: it is not in it, or not the same one.
static size_t find(const struct reading *reading, const struct figures_block_upload *upload) {
    size_t low = reading->from, high = reading->to;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (upload_at(reading, middle)->id < upload->id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == reading->to || upload_at(reading, low)->id != upload->id) {
        return SIZE_MAX;
    }
    const struct listed_upload *listed = upload_at(reading, low);
    bool same = upload->fingerprint == figures_fingerprint(listed->process, listed->start_ms, listed->end_ms);
    return same && !reading->known[reading->order[low]] ? reading->order[low] : SIZE_MAX;
}

static bool take_block(void *context, const struct figures_block *block) {
    struct reading *reading = context;
    size_t places[FIGURES_BLOCK_UPLOADS];
    for (size_t i = 0; i < block->count; i++) {
        const struct figures_block_upload *upload = &block->uploads[i];
        places[i] = find(reading, upload);
        if (places[i] != SIZE_MAX) {
            reading->known[places[i]] = true;
            add_failures(reading, upload->id, upload->states, (const char *const *)upload->texts);
        }
    }
    for (size_t n = 0; n < block->name_count && !reading->no_memory; n++) {
        const double *values = block->names[n].values;
        struct metrics_series *series = NULL;
        for (size_t i = 0; i < block->count; i++) {
            if (places[i] != SIZE_MAX && !isnan(values[i])) {
                series = series ? series : series_of(reading->metrics, block->names[n].name, n, &reading->no_memory);
                if (!series) {
                    break;
                }
                series->values[places[i]] = values[i];
            }
        }
    }
    return !reading->no_memory;
}

static enum receiver_error read_kept(struct reading *reading) {
    size_t count = reading->list->count;
    for (size_t i = 0; i < count; i++) {
        reading->order[i] = i;
    }
    if (count > 1) {
        qsort_r(reading->order, count, sizeof *reading->order, by_process, (void *)reading->list);
    }
    enum receiver_error error = RECEIVER_OK;
    for (reading->from = 0; reading->from < count && error == RECEIVER_OK; reading->from = reading->to) {
        uint64_t process = upload_at(reading, reading->from)->process;
        for (reading->to = reading->from; reading->to < count && upload_at(reading, reading->to)->process == process; reading->to++) {
        }
        int64_t first = upload_at(reading, reading->from)->id, last = upload_at(reading, reading->to - 1)->id;
        error = figures_store_read(store_figures(reading->store), process, first, last, take_block, reading);
        if (error != RECEIVER_OK && error != RECEIVER_NO_MEMORY) {
            error = RECEIVER_OK; // what could not be read is read from the files
        }
        error = !flight_is_wanted(reading->list->flight) ? RECEIVER_CLIENT_GONE : reading->no_memory ? RECEIVER_NO_MEMORY : error;
        reading->metrics->report.processes++;
    }
    return error;
}

// ---- Files ----

static void take_figures(struct reading *reading, size_t place, const struct figures *figures) {
    const char *const texts[FIGURES_SOURCES] = {figures->texts[0], figures->texts[1]};
    add_failures(reading, reading->list->uploads[place].id, figures->states, texts);
    for (size_t i = 0; i < figures->count && !reading->no_memory; i++) {
        struct metrics_series *series = series_of(reading->metrics, figures->figures[i].name, i, &reading->no_memory);
        if (series) {
            series->values[place] = figures->figures[i].value;
        }
    }
}

static enum receiver_error read_files_of(struct reading *reading, struct figures_reader *reader, struct figures *figures, size_t place) {
    const struct listed_upload *upload = &reading->list->uploads[place];
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    size_t count;
    struct stored_upload files;
    enum receiver_error error = catalog_attachments(store_catalog(reading->store), upload->id, attachments, &count);
    if (error != RECEIVER_OK || stored_open(reading->store, upload->id, &files) != RECEIVER_OK) {
        return error; // retention has removed it
    }
    bool recording = figures_has_recording(attachments, count), read = !recording || reading->recordings++ < MAX_RECORDINGS;
    for (size_t i = 0; i < count && !read; i++) { // the others are read all the same
        if (catalog_is_recording(attachments[i].name)) {
            attachments[i--] = attachments[--count];
        }
    }
    const struct measured_upload measured = {.id = upload->id,
                                             .open = stored_measured,
                                             .files = &files,
                                             .seconds = (double)(upload->end_ms - upload->start_ms) / 1e3,
                                             .conversions = store_conversions(reading->store)};
    error = figures_of_upload(reader, &measured, attachments, count, figures);
    stored_close(&files);
    if (!read) {
        figures->states[FIGURES_RECORDING] = FIGURES_FAILED;
        reading->metrics->report.is_passing = true;
        snprintf(figures->texts[FIGURES_RECORDING], FIGURES_TEXT_BYTES, "left out: of those not read yet, the newest %d are",
                 MAX_RECORDINGS);
    }
    if (error != RECEIVER_NO_MEMORY) {
        take_figures(reading, place, figures);
        error = reading->no_memory ? RECEIVER_NO_MEMORY : RECEIVER_OK;
    }
    return error;
}

// Newest first, of what is not kept.
static enum receiver_error read_files(struct reading *reading) {
    struct figures_reader *reader = figures_reader_new();
    struct figures *figures = malloc(sizeof *figures);
    enum receiver_error error = reader && figures ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    size_t files = 0;
    for (size_t i = reading->list->count; i > 0 && error == RECEIVER_OK; i--) {
        if (reading->known[i - 1]) {
            continue;
        }
        if (files++ >= METRICS_MAX_FILES) {
            reading->metrics->report.left_out++;
            reading->metrics->report.is_passing = true;
        } else if (!flight_is_wanted(reading->list->flight)) {
            error = RECEIVER_CLIENT_GONE;
        } else {
            error = read_files_of(reading, reader, figures, i - 1);
        }
    }
    figures_reader_free(reader);
    free(figures);
    return error;
}

// ---- All ----

// Their order is that of the lowest ids, wherever they were read.
static void sort_failures(struct sweep_report *report) {
    for (size_t i = 1; i < report->reasons; i++) {
        for (size_t j = i; j > 0 && report->failed[j].id < report->failed[j - 1].id; j--) {
            struct sweep_report swapped = {.failed[0] = report->failed[j]};
            report->failed[j] = report->failed[j - 1];
            report->failed[j - 1] = swapped.failed[0];
        }
    }
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct metrics_series *)left)->name, ((const struct metrics_series *)right)->name);
}

static enum receiver_error read_all(struct reading *reading) {
    struct metrics *metrics = reading->metrics;
    if (!reading->order || !reading->known || !add_measures(metrics, reading->list)) {
        return RECEIVER_NO_MEMORY;
    }
    size_t measures = metrics->count;
    enum receiver_error error = read_kept(reading);
    error = error == RECEIVER_OK ? read_files(reading) : error;
    sort_failures(&metrics->report);
    sort_failures(&metrics->json_report);
    qsort(metrics->series + measures, metrics->count - measures, sizeof *metrics->series, by_name);
    for (size_t i = 0; i < metrics->count; i++) {
        struct metrics_series *series = &metrics->series[i];
        for (size_t u = 0; u < metrics->uploads; u++) {
            series->count += !isnan(series->values[u]);
        }
    }
    return error;
}

enum receiver_error metrics_read(struct store *store, const struct upload_list *list, struct metrics **out) {
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics) {
        return RECEIVER_NO_MEMORY;
    }
    metrics->uploads = metrics->report.uploads = list->count; // most clients send no such file
    metrics->report.left_out = list->left_out;
    struct reading reading = {.store = store,
                              .list = list,
                              .metrics = metrics,
                              .order = malloc((list->count + 1) * sizeof *reading.order),
                              .known = calloc(list->count + 1, sizeof *reading.known)};
    enum receiver_error error = read_all(&reading);
    free(reading.order);
    free(reading.known);
    if (error != RECEIVER_OK) {
        metrics_free(metrics);
        return error;
    }
    *out = metrics;
    return RECEIVER_OK;
}

struct end {
    int64_t ms;
    size_t upload;
};

static int by_end(const void *left, const void *right) {
    const struct end *a = left, *b = right;
    return a->ms != b->ms ? (a->ms < b->ms ? -1 : 1) : a->upload < b->upload ? -1 : a->upload > b->upload;
}

bool metrics_make_points(struct metrics *metrics, const struct upload_list *list) {
    struct end *ends = malloc((list->count + 1) * sizeof *ends);
    bool ok = ends;
    for (size_t i = 0; ok && i < list->count; i++) {
        ends[i] = (struct end){list->uploads[i].end_ms, i};
    }
    if (ok && list->count > 1) {
        qsort(ends, list->count, sizeof *ends, by_end);
    }
    for (size_t s = 0; ok && s < metrics->count; s++) {
        struct metrics_series *series = &metrics->series[s];
        series->points = malloc((series->count + 1) * sizeof *series->points);
        ok = series->points;
        for (size_t i = 0, used = 0; ok && i < list->count; i++) {
            double value = series->values[ends[i].upload];
            if (!isnan(value)) {
                series->points[used++] = (struct series_point){ends[i].ms, value};
            }
        }
    }
    free(ends);
    return ok;
}

void metrics_free(struct metrics *metrics) {
    for (size_t i = 0; metrics && i < metrics->count; i++) {
        free(metrics->series[i].points);
        free(metrics->series[i].values);
        merge_budget_give((metrics->uploads + 1) * sizeof(double));
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

void metrics_write_points(const struct series_point *points, size_t count, struct json *json) {
    json_key(json, "points");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_array_begin(json);
        json_number(json, points[i].ms);
        json_real(json, points[i].value);
        json_array_end(json);
    }
    json_array_end(json);
}

void metrics_begin_series(const struct metrics_series *series, struct moments *moments, bool summed, struct json *json) {
    struct series_point points[METRICS_MAX_POINTS];
    size_t count = moments_of_series(moments, series, summed, points);
    json_object_begin(json);
    json_key(json, "name");
    json_text(json, series->name);
    json_key(json, "unit");
    json_text(json, metrics_unit(series->name));
    metrics_write_points(points, count, json);
}

enum receiver_error metrics_write(const struct metrics *metrics, const struct upload_list *list, bool summed, struct json *json) {
    struct moments *moments = moments_new(list, metrics, METRICS_MAX_POINTS);
    if (!moments) {
        return RECEIVER_NO_MEMORY;
    }
    json_object_begin(json);
    sweep_report_write(&metrics->report, json);
    json_key(json, "series");
    json_array_begin(json);
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics_kind(metrics->series[i].name) != METRICS_IDENTITY) {
            metrics_begin_series(&metrics->series[i], moments, summed, json);
            json_object_end(json);
        }
    }
    json_array_end(json);
    json_object_end(json);
    moments_free(moments);
    return RECEIVER_OK;
}
