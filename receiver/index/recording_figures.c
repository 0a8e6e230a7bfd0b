// recording_figures.c: figures of a Java recording (recording_figures.h), from the series that jfr/ reads.
#include "recording_figures.h"
#include "recording_profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum how { LAST, MEAN, GREATEST, SUM_PER_SECOND, RISE_PER_SECOND, POINTS_PER_SECOND };

// Series of one name with several labels are one figure.
static const struct rule {
    const char *series; // of struct jfr_runtime
    enum how how;
    double scale;
    const char *name; // rules of one name that follow each other are added up
} rules[] = {
    {"heap_used_after_gc", LAST, 1, "jvm_heap_live_bytes"},
    {"heap_used", GREATEST, 1, "jvm_heap_peak_bytes"},
    {"heap_committed", LAST, 1, "jvm_heap_committed_bytes"},
    {"metaspace_used", LAST, 1, "jvm_metaspace_bytes"},
    {"direct_buffers", LAST, 1, "jvm_direct_buffers_bytes"},
    {"native_memory", LAST, 1, "jvm_native_memory_bytes"},
    {"resident", LAST, 1, "jvm_resident_bytes"},
    {"container_memory", LAST, 1, "jvm_container_bytes"},
    {"threads", LAST, 1, "jvm_threads"},
    {"threads_daemon", LAST, 1, "jvm_daemon_threads"},
    {"classes_loaded", LAST, 1, "jvm_classes"},
    {"gc_pause", SUM_PER_SECOND, 1e-9, "jvm_gc_pause_time"},
    {"gc_longest_pause", GREATEST, 1, "jvm_max_gc_pause_time"},
    {"gc_pause", POINTS_PER_SECOND, 1, "jvm_gcs_per_sec"},
    {"exceptions", RISE_PER_SECOND, 1, "jvm_exceptions_per_sec"},
    {"cpu_user", MEAN, 1, "jvm_cpu_cores"},
    {"cpu_system", MEAN, 1, "jvm_cpu_cores"},
    {"cpu_machine", MEAN, 1, "machine_cpu_cores"}, // a ratio
};
enum { RULES = sizeof rules / sizeof *rules };

static bool is_amount(enum how how) {
    return how == SUM_PER_SECOND || how == POINTS_PER_SECOND;
}

// Of a series that has points.
static double value_of(const struct jfr_series *series, enum how how) {
    const struct jfr_point *points = series->points, *last = &points[series->count - 1];
    double sum = 0, greatest = points[0].value, span_s = (double)(last->time_ns - points[0].time_ns) / 1e9;
    for (size_t i = 0; i < series->count; i++) {
        sum += points[i].value;
        greatest = points[i].value > greatest ? points[i].value : greatest;
    }
    switch (how) {
    case LAST:
        return last->value;
    case MEAN:
        return sum / (double)series->count;
    case GREATEST:
        return greatest;
    case SUM_PER_SECOND:
        return sum;
    case POINTS_PER_SECOND:
        return (double)series->count;
    case RISE_PER_SECOND:
        return span_s > 0 && last->value >= points[0].value ? (last->value - points[0].value) / span_s : NAN;
    }
    return NAN;
}

// Of all series of the rule's name. NAN: none has it.
static double figure_of(const struct jfr_runtime *runtime, const struct rule *rule) {
    double value = NAN;
    for (size_t i = 0; i < runtime->series_count; i++) {
        const struct jfr_series *series = &runtime->series[i];
        if (strcmp(series->name, rule->series) == 0 && series->count > 0) {
            double more = rule->scale * value_of(series, rule->how);
            value = isnan(value) ? more : rule->how == GREATEST ? fmax(value, more) : value + more;
        }
    }
    return value;
}

static double hardware_threads(const struct jfr_runtime *runtime) {
    for (size_t i = 0; i < runtime->fact_count; i++) {
        const struct jfr_fact *fact = &runtime->facts[i];
        if (strcmp(fact->group, "cpu") == 0 && strcmp(fact->key, "hwThreads") == 0) {
            return strtod(fact->value, NULL);
        }
    }
    return NAN;
}

static void add(struct recording_figures *figures, const struct rule *rule, double value) {
    size_t last = figures->count - 1;
    if (!isfinite(value)) {
        return;
    }
    if (figures->count > 0 && strcmp(figures->figures[last].name, rule->name) == 0) {
        figures->figures[last].value += value;
        return;
    }
    _Static_assert((int)RULES <= (int)RECORDING_MAX_FIGURES, "each rule has its place");
    figures->figures[figures->count].name = rule->name;
    figures->figures[figures->count].value = value;
    figures->figures[figures->count++].amount = is_amount(rule->how);
}

enum receiver_error recording_figures_read(struct jfr *jfr, struct recording_figures *figures) {
    struct jfr_runtime runtime;
    *figures = (struct recording_figures){.seconds = (double)jfr_about(jfr)->duration_ns / 1e9};
    enum jfr_error error = jfr_runtime_read(jfr, &runtime);
    if (error != JFR_OK) {
        return recording_error(error);
    }
    for (size_t i = 0; i < RULES; i++) {
        bool of_machine = strcmp(rules[i].series, "cpu_machine") == 0;
        add(figures, &rules[i], figure_of(&runtime, &rules[i]) * (of_machine ? hardware_threads(&runtime) : 1));
    }
    jfr_runtime_free(&runtime);
    return RECEIVER_OK;
}

double recording_figure_at(const struct recording_figures *figures, size_t index, double seconds) {
    seconds = seconds > 0 ? seconds : figures->seconds;
    double value = figures->figures[index].value;
    return !figures->figures[index].amount ? value : seconds > 0 ? value / seconds : NAN;
}

double recording_figure(const struct recording_figures *figures, const char *name, double seconds) {
    for (size_t i = 0; i < figures->count; i++) {
        if (strcmp(figures->figures[i].name, name) == 0) {
            return recording_figure_at(figures, i, seconds);
        }
    }
    return NAN;
}
