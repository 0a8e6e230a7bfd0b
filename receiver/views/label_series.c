// label_series.c: measures by the values of a label (label_series.h).
#include "label_series.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"
#include "../../merge/intern.h"
#include "../index/catalog.h"
#include "../index/measures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
    char text[LABEL_SERIES_BYTES + 1];
    double *columns[MEASURE_COUNT]; // of each the value times the milliseconds that it holds; NULL: it has none
    uint32_t sums;                  // of the profile at hand: which of its sums; 0: it has no sample
};

struct sums {
    uint32_t value;
    size_t samples, c_samples, mapped_samples;
    int64_t total[TOTALS_MAX_TYPES], c_total[TOTALS_MAX_TYPES], mapped_total[TOTALS_MAX_TYPES];
};

struct label_series {
    const char *key;
    const struct label_times *times;
    struct value values[LABEL_SERIES_VALUES + 1]; // by id, from 1; values[0]: those beyond the most
    uint32_t count;
    bool is_limited;
    struct intern ids;
    uint64_t seed;
    struct sums *sums; // of the profile at hand, from 1
    uint32_t sum_count;
    size_t sum_capacity;
    struct totals totals;                                 // of the same, then of one value after the other
    char from[MEASURE_COUNT][CATALOG_NAME_MAX_BYTES + 1]; // the attachment that has samples of it; "": none
};

// ---- Times ----

static int by_id(const void *left, const void *right) {
    const struct label_id *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

// Columns no shorter than the usual time between two uploads of a process.
static void set_columns(struct label_times *times, double held_ms) {
    double usual_ms = held_ms / fmax((double)times->list->count, 1),
           columns = floor((double)(times->to_ms - times->from_ms) / fmax(usual_ms, 1));
    times->columns = columns < 1 ? 1 : columns < METRICS_GROUP_POINTS ? (size_t)columns : METRICS_GROUP_POINTS;
}

enum receiver_error label_times_of(const struct upload_list *list, struct label_times *times) {
    *times = (struct label_times){.list = list,
                                  .from_ms = INT64_MAX,
                                  .to_ms = INT64_MIN,
                                  .ids = malloc((list->count + 1) * sizeof *times->ids),
                                  .until_ms = gauges_current_until(list)};
    if (!times->until_ms || !times->ids) {
        label_times_free(times);
        return RECEIVER_NO_MEMORY;
    }
    double held_ms = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct listed_upload *upload = &list->uploads[i];
        times->ids[i] = (struct label_id){upload->id, i};
        times->from_ms = upload->start_ms < times->from_ms ? upload->start_ms : times->from_ms;
        times->to_ms = upload->end_ms > times->to_ms ? upload->end_ms : times->to_ms;
        held_ms += (double)(times->until_ms[i] - upload->start_ms);
    }
    times->from_ms = list->count > 0 ? times->from_ms : 0;
    times->to_ms = times->to_ms > times->from_ms ? times->to_ms : times->from_ms + 1;
    qsort(times->ids, list->count, sizeof *times->ids, by_id);
    set_columns(times, held_ms);
    return RECEIVER_OK;
}

void label_times_free(struct label_times *times) {
    free(times->ids);
    free(times->until_ms);
    *times = (struct label_times){0};
}

static double column_ms(const struct label_times *times) {
    return (double)(times->to_ms - times->from_ms) / (double)times->columns;
}

// Adds to each column the value times its milliseconds in a stretch of time.
static void hold(const struct label_times *times, double from_ms, double until_ms, double value, double *columns) {
    double length = column_ms(times), from = from_ms - (double)times->from_ms, until = until_ms - (double)times->from_ms;
    size_t first = from > 0 ? (size_t)(from / length) : 0;
    for (size_t i = first; i < times->columns && (double)i * length < until; i++) {
        double left = fmax((double)i * length, from), right = fmin((double)(i + 1) * length, until);
        columns[i] += right > left ? value * (right - left) : 0;
    }
}

// ---- Values ----

struct label_series *label_series_new(const char *key, const struct label_times *times) {
    struct label_series *series = calloc(1, sizeof *series);
    if (series) {
        series->key = key;
        series->times = times;
        series->seed = intern_seed();
    }
    return series;
}

void label_series_free(struct label_series *series) {
    for (uint32_t id = 0; series && id <= series->count; id++) {
        for (size_t measure = 0; measure < MEASURE_COUNT; measure++) {
            free(series->values[id].columns[measure]);
        }
    }
    if (series) {
        intern_free(&series->ids);
        free(series->sums);
    }
    free(series);
}

static bool same_value(const void *context, uint32_t id, const void *text) {
    return strcmp(((const struct label_series *)context)->values[id].text, text) == 0;
}

// The number of a value; 0: it is beyond the most. False: no memory.
static bool find_value(struct label_series *series, const char *whole, uint32_t *id) {
    char text[LABEL_SERIES_BYTES + 1];
    snprintf(text, sizeof text, "%s", whole);
    uint32_t hash = intern_hash_end(intern_hash_bytes(series->seed, text, strlen(text)));
    *id = intern_find(&series->ids, hash, same_value, series, text);
    if (*id == 0 && series->count == LABEL_SERIES_VALUES) {
        series->is_limited = true;
    } else if (*id == 0) {
        *id = series->count + 1;
        if (!intern_add(&series->ids, hash, *id)) {
            return false;
        }
        series->count++;
        memcpy(series->values[*id].text, text, sizeof text);
    }
    return true;
}

// The columns of a measure; NULL: no memory.
static double *columns_of(const struct label_series *series, struct value *value, size_t measure) {
    if (!value->columns[measure]) {
        value->columns[measure] = calloc(series->times->columns, sizeof *value->columns[measure]);
    }
    return value->columns[measure];
}

// ---- One profile ----

// NULL: no memory.
static struct sums *sums_of(struct label_series *series, uint32_t id) {
    struct value *value = &series->values[id];
    if (value->sums == 0) {
        if (!VECTOR_RESERVE(series->sums, series->sum_capacity, (size_t)series->sum_count + 2)) {
            return NULL;
        }
        value->sums = ++series->sum_count;
        series->sums[value->sums] = (struct sums){.value = id};
    }
    return &series->sums[value->sums];
}

static void add_sample(struct sums *sums, const struct profile_sample_view *sample, size_t types) {
    bool mapped = profile_sample_has_label(sample, "memory", "mmap"), c = profile_sample_has_label(sample, "memory", "C");
    sums->samples++;
    sums->c_samples += c;
    sums->mapped_samples += mapped;
    for (size_t i = 0; i < types; i++) {
        saturated_add(&sums->total[i], sample->values[i]);
        saturated_add(&sums->c_total[i], c ? sample->values[i] : 0);
        saturated_add(&sums->mapped_total[i], mapped ? sample->values[i] : 0);
    }
}

static enum receiver_error add_up(struct label_series *series, struct profile *profile) {
    size_t types = profile_sample_type_count(profile);
    types = types < TOTALS_MAX_TYPES ? types : TOTALS_MAX_TYPES;
    if (profile_group_by(profile, series->key) != MERGE_OK) {
        return RECEIVER_NO_MEMORY;
    }
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        uint32_t id;
        if (profile_sample_at(profile, i, &sample) != MERGE_OK ||
            !find_value(series, sample.frames[sample.frame_count - 1].function, &id)) {
            return RECEIVER_NO_MEMORY;
        }
        struct sums *sums = sums_of(series, id);
        if (!sums) {
            return RECEIVER_NO_MEMORY;
        }
        add_sample(sums, &sample, types);
    }
    return RECEIVER_OK;
}

// The samples of one value as the sums of a profile. The types are the profile's, whose order is that of its values.
static void be_of_value(struct totals *totals, const struct sums *sums) {
    totals->samples = sums->samples;
    totals->c_samples = sums->c_samples;
    totals->mapped_samples = sums->mapped_samples;
    for (size_t i = 0; i < totals->type_count; i++) {
        totals->types[i].total = sums->total[i];
        totals->types[i].c_total = sums->c_total[i];
        totals->types[i].mapped_total = sums->mapped_total[i];
    }
}

// Of the measures that the upload has, so that what is added up is also divided by it.
static bool hold_values(struct label_series *series, size_t at, const char *name) {
    const struct listed_upload *upload = &series->times->list->uploads[at];
    double seconds = (double)(upload->end_ms - upload->start_ms) / 1000;
    for (uint32_t i = 1; i <= series->sum_count; i++) {
        struct value *value = &series->values[series->sums[i].value];
        struct measures measures;
        measures_clear(&measures);
        be_of_value(&series->totals, &series->sums[i]);
        measures_add_totals(&measures, name, &series->totals, seconds);
        for (size_t m = 0; m < MEASURE_COUNT; m++) {
            double one = isnan(upload->measures.values[m]) || isnan(measures.values[m]) ? 0 : measures.values[m];
            double *columns = one != 0 ? columns_of(series, value, m) : NULL;
            if (one != 0 && !columns) {
                return false;
            }
            if (columns) {
                snprintf(series->from[m], sizeof series->from[m], "%s", name);
                hold(series->times, (double)upload->start_ms, (double)series->times->until_ms[at], one, columns);
            }
        }
    }
    return true;
}

static void forget_sums(struct label_series *series) {
    for (uint32_t i = 1; i <= series->sum_count; i++) {
        series->values[series->sums[i].value].sums = 0;
    }
    series->sum_count = 0;
}

static bool has_measure(const struct label_series *series, const char *name) {
    struct measures measures;
    measures_clear(&measures);
    measures_add_totals(&measures, name, &series->totals, 1);
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        if (!isnan(measures.values[m])) {
            return true;
        }
    }
    return false;
}

static enum receiver_error fail(enum merge_error error, const struct merge_fault *fault, char *text, size_t size) {
    snprintf(text, size, "not a readable profile: %s", *fault->text ? fault->text : merge_error_text(error));
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
}

enum receiver_error label_series_add(struct label_series *series, int64_t id, const char *name, const void *bytes, size_t size, char *text,
                                     size_t text_size) {
    const struct label_times *times = series->times;
    const struct label_id *found = bsearch(&(struct label_id){id, 0}, times->ids, times->list->count, sizeof *times->ids, by_id);
    struct merge_fault fault = {0};
    if (!found) {
        return RECEIVER_OK;
    }
    // Most attachments say nothing of a measure; this pass is a fifth of the other.
    enum merge_error error = totals_read(bytes, size, NULL, &series->totals, &fault);
    if (error != MERGE_OK) {
        return fail(error, &fault, text, text_size);
    }
    if (!has_measure(series, name)) {
        return RECEIVER_OK;
    }
    struct profile *profile = profile_new();
    if (!profile) {
        return RECEIVER_NO_MEMORY;
    }
    profile_keep_labels(profile, (const char *const[]){series->key, "memory"}, 2);
    error = profile_decode(profile, bytes, size, NULL, NULL, &fault);
    profile_trim(profile);
    enum receiver_error result = error == MERGE_OK ? add_up(series, profile) : fail(error, &fault, text, text_size);
    if (result == RECEIVER_OK && !hold_values(series, found->at, name)) {
        result = RECEIVER_NO_MEMORY;
    }
    forget_sums(series);
    profile_free(profile);
    return result;
}

bool label_series_merge(struct label_series *series, const struct label_series *other) {
    for (uint32_t id = 0; id <= other->count; id++) {
        uint32_t same = 0;
        if (id != 0 && !find_value(series, other->values[id].text, &same)) {
            return false;
        }
        for (size_t m = 0; m < MEASURE_COUNT; m++) {
            const double *more = other->values[id].columns[m];
            double *columns = more ? columns_of(series, &series->values[same], m) : NULL;
            if (more && !columns) {
                return false;
            }
            for (size_t i = 0; more && i < series->times->columns; i++) {
                columns[i] += more[i];
            }
        }
    }
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        if (*other->from[m]) {
            memcpy(series->from[m], other->from[m], sizeof series->from[m]);
        }
    }
    series->is_limited |= other->is_limited;
    return true;
}

// ---- Writing ----

struct ranked {
    const struct value *value;
    double peak, newest[MEASURE_COUNT]; // NAN: the measure is not known
};

struct writing {
    const struct label_series *series;
    double divisors[MEASURE_COUNT][METRICS_GROUP_POINTS]; // 0: of no upload is the measure known then
    double others[METRICS_GROUP_POINTS], all[METRICS_GROUP_POINTS];
    struct ranked ranked[LABEL_SERIES_VALUES];
};

// Of a mean, how long the uploads with the measure were there; of a sum, how long any was.
static void find_divisors(const struct label_series *series, bool summed, struct writing *writing) {
    const struct label_times *times = series->times;
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        double end_ms = -INFINITY;
        for (size_t i = 0; i < times->list->count; i++) { // oldest first
            const struct listed_upload *upload = &times->list->uploads[i];
            double from_ms = (double)upload->start_ms, until_ms = (double)times->until_ms[i];
            if (!isnan(upload->measures.values[m])) {
                hold(times, summed ? fmax(from_ms, end_ms) : from_ms, until_ms, 1, writing->divisors[m]);
                end_ms = fmax(end_ms, until_ms);
            }
        }
    }
}

// NAN: the measure is not known then.
static double value_at(const struct writing *writing, const double *columns, size_t measure, size_t column) {
    double divisor = writing->divisors[measure][column];
    return divisor > 0 ? (columns ? columns[column] / divisor : 0) : NAN;
}

static void write_points(const struct writing *writing, const double *columns, size_t measure, struct json *json) {
    const struct label_times *times = writing->series->times;
    struct series_point points[METRICS_GROUP_POINTS];
    size_t count = 0;
    for (size_t i = 0; i < times->columns; i++) {
        double value = value_at(writing, columns, measure, i);
        if (!isnan(value)) {
            points[count++] = (struct series_point){times->from_ms + (int64_t)(column_ms(times) * (double)(i + 1)), value};
        }
    }
    metrics_write_points(points, count, json);
}

// What is highest comes first; what has nothing of the measure last.
static int by_peak(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    return a->peak != b->peak ? (a->peak < b->peak) - (a->peak > b->peak) : strcmp(a->value->text, b->value->text);
}

// Returns how many values have something of the measure.
static size_t rank(struct writing *writing, size_t measure) {
    const struct label_series *series = writing->series;
    size_t count = 0;
    for (size_t v = 0; v < series->count; v++) {
        struct ranked *ranked = &writing->ranked[v];
        const double *columns = ranked->value->columns[measure];
        ranked->peak = columns ? -INFINITY : NAN;
        for (size_t i = 0; i < series->times->columns; i++) {
            double value = value_at(writing, columns, measure, i);
            ranked->newest[measure] = isnan(value) ? ranked->newest[measure] : value;
            ranked->peak = columns ? fmax(ranked->peak, value) : NAN;
        }
        count += !!columns;
        ranked->peak = columns ? ranked->peak : -INFINITY;
    }
    qsort(writing->ranked, series->count, sizeof *writing->ranked, by_peak);
    return count;
}

static void add_columns(const double *more, size_t columns, double *sum) {
    for (size_t i = 0; more && i < columns; i++) {
        sum[i] += more[i];
    }
}

// Whether any sample of the measure has the label: else its only line would be that of samples without it.
static bool is_told_apart(const struct label_series *series, size_t measure) {
    for (uint32_t id = 0; id <= series->count; id++) {
        const struct value *value = &series->values[id];
        if (value->columns[measure] && (id == 0 || strcmp(value->text, MERGE_NO_LABEL) != 0)) {
            return true;
        }
    }
    return false;
}

static void write_series(struct writing *writing, size_t measure, struct json *json) {
    const struct label_series *series = writing->series;
    size_t columns = series->times->columns, ranked = rank(writing, measure), lines = ranked < METRICS_LINES ? ranked : METRICS_LINES;
    const double *beyond = series->values[0].columns[measure];
    memset(writing->others, 0, sizeof writing->others);
    add_columns(beyond, columns, writing->others);
    memcpy(writing->all, writing->others, sizeof writing->all);
    for (size_t i = 0; i < ranked; i++) {
        add_columns(writing->ranked[i].value->columns[measure], columns, writing->all);
        add_columns(i < lines ? NULL : writing->ranked[i].value->columns[measure], columns, writing->others);
    }
    json_object_begin(json);
    json_member_text(json, "name", measure_names[measure]);
    json_member_text(json, "unit", measure_units[measure]);
    json_member_text(json, "attachment", series->from[measure]);
    write_points(writing, writing->all, measure, json);
    json_key(json, "groups");
    json_array_begin(json);
    for (size_t i = 0; i < lines; i++) {
        json_object_begin(json);
        json_member_text(json, "value", writing->ranked[i].value->text);
        write_points(writing, writing->ranked[i].value->columns[measure], measure, json);
        json_object_end(json);
    }
    json_array_end(json);
    if (ranked > lines || beyond) {
        json_key(json, "others");
        json_object_begin(json);
        json_member_number(json, "values", (int64_t)(ranked - lines));
        write_points(writing, writing->others, measure, json);
        json_object_end(json);
    }
    json_object_end(json);
}

// ---- The table ----

// What is not known counts as nothing.
static double newest_of(const struct ranked *ranked, size_t measure) {
    double newest = ranked->newest[measure];
    return isnan(newest) ? 0 : newest;
}

static double memory_of(const struct ranked *ranked) {
    return newest_of(ranked, MEASURE_C_LIVE_BYTES) + newest_of(ranked, MEASURE_HEAP_LIVE_BYTES);
}

// What has most memory comes first, as by tags; then CPU time.
static int by_memory(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    double one = memory_of(a), other = memory_of(b);
    if (one == other) {
        one = newest_of(a, MEASURE_CPU_CORES);
        other = newest_of(b, MEASURE_CPU_CORES);
    }
    return one != other ? (one < other) - (one > other) : strcmp(a->value->text, b->value->text);
}

static void write_table(struct writing *writing, struct json *json) {
    const struct label_series *series = writing->series;
    size_t rows = series->count < METRICS_ROWS ? series->count : METRICS_ROWS;
    qsort(writing->ranked, series->count, sizeof *writing->ranked, by_memory);
    json_key(json, "group");
    json_object_begin(json);
    json_member_text(json, "key", series->key);
    json_key(json, "values");
    json_array_begin(json);
    for (size_t i = 0; i < rows; i++) {
        json_object_begin(json);
        json_member_text(json, "value", writing->ranked[i].value->text);
        json_key(json, "newest");
        json_object_begin(json);
        for (size_t m = 0; m < MEASURE_COUNT; m++) {
            json_key(json, measure_names[m]);
            json_real(json, writing->ranked[i].newest[m]);
        }
        json_object_end(json);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_number(json, "values_left_out", (int64_t)(series->count - rows));
    json_key(json, "values_limited");
    json_bool(json, series->is_limited);
    json_object_end(json);
}

// ---- All ----

static bool is_known(const struct writing *writing, size_t measure) {
    for (size_t i = 0; i < writing->series->times->columns; i++) {
        if (writing->divisors[measure][i] > 0) {
            return true;
        }
    }
    return false;
}

bool label_series_write(const struct label_series *series, bool summed, struct json *json) {
    struct writing *writing = calloc(1, sizeof *writing);
    if (!writing) {
        return false;
    }
    writing->series = series;
    find_divisors(series, summed, writing);
    for (uint32_t v = 0; v < series->count; v++) {
        writing->ranked[v].value = &series->values[v + 1];
        for (size_t m = 0; m < MEASURE_COUNT; m++) {
            writing->ranked[v].newest[m] = NAN;
        }
    }
    json_key(json, "series");
    json_array_begin(json);
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        if (is_told_apart(series, m)) {
            write_series(writing, m, json);
        }
    }
    json_array_end(json);
    json_key(json, "without");
    json_array_begin(json);
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        if (is_known(writing, m) && !is_told_apart(series, m)) {
            json_text(json, measure_names[m]);
        }
    }
    json_array_end(json);
    write_table(writing, json);
    free(writing);
    return true;
}
