// merge_export.c: gauges of a merged profile for export (merge_export.h).
#include "merge_export.h"
#include "../index/measures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Keeps the gauges alone. Returns false if there are none, or without memory.
static bool keep_gauges(struct profile *profile, enum receiver_error *error) {
    const char *names[SWEEP_MAX_TYPES];
    size_t count = 0;
    for (size_t i = 0; i < profile_sample_type_count(profile) && count < SWEEP_MAX_TYPES; i++) {
        const char *name = profile_sample_type_name(profile, i);
        if (measure_is_gauge(name)) {
            names[count++] = name;
        }
    }
    if (count > 0 && profile_keep_sample_types(profile, names, count) != MERGE_OK) {
        *error = RECEIVER_NO_MEMORY;
    }
    return count > 0 && *error == RECEIVER_OK;
}

static enum receiver_error clear_gauges(struct profile *profile) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        const char *name = profile_sample_type_name(profile, i);
        if (measure_is_gauge(name) && profile_scale_sample_type(profile, name, 0) != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
    }
    return RECEIVER_OK;
}

static enum receiver_error add_gauges(struct profile *all, struct profile *moment) {
    profile_allow_union(all);
    profile_set_time(moment, profile_time_ns(moment), 0); // all's duration has it already
    return merge_uploads_add(all, moment);
}

static enum receiver_error divide(struct profile *profile, const struct sweep_report *report) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        const char *name = profile_sample_type_name(profile, i);
        double divisor = sweep_gauge_divisor(report, sweep_profiles_of(&report->counts, name));
        if (measure_is_gauge(name) && divisor != 1 && profile_scale_sample_type(profile, name, 1 / divisor) != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
    }
    return RECEIVER_OK;
}

// The count of profiles in a mean; a summed one is by all.
static size_t mean_of(const struct sweep_report *report, const char *gauge) {
    size_t having = sweep_profiles_of(&report->counts, gauge);
    return report->gauges.of.value != GAUGES_MEAN || report->gauges.of.summed || having == 0 ? report->uploads : having;
}

static void write_value(const struct sweep_report *report, size_t mean_of, FILE *out) {
    const struct sweep_gauges *gauges = &report->gauges;
    switch (gauges->of.value) {
    case GAUGES_MEAN:
        fprintf(out, mean_of < report->uploads ? "mean of %zu of %zu profiles" : "mean of %zu profiles", mean_of, report->uploads);
        break;
    case GAUGES_LAST:
        fprintf(out, "%s of the last of each process, %zu", gauges->of.summed ? "sum" : "mean", report->uploads);
        break;
    case GAUGES_MAX:
        fprintf(out, "the largest of %zu profiles", gauges->chosen_of);
        break;
    }
    if (gauges->of.summed && gauges->of.value != GAUGES_LAST) {
        fprintf(out, ", processes of one moment added up");
    }
}

// "cmemprof: inuse_objects, inuse_space: mean of 216 profiles; goroutine: mean of 12 of 216 profiles; other types: sums".
static void say_gauges(struct profile *profile, const struct sweep_report *report) {
    char *text = NULL;
    size_t size, gauges = 0, of = 0;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < profile_sample_type_count(profile); i++) {
        const char *name = profile_sample_type_name(profile, i);
        if (!measure_is_gauge(name)) {
            continue;
        }
        bool differs = gauges > 0 && mean_of(report, name) != of;
        if (differs) {
            fprintf(out, ": ");
            write_value(report, of, out);
        }
        fprintf(out, "%s%s", differs ? "; " : gauges > 0 ? ", " : "cmemprof: ", name);
        of = mean_of(report, name);
        gauges++;
    }
    if (out) {
        fprintf(out, ": ");
        write_value(report, of, out);
        fprintf(out, MEASURE_COMBINED);
    }
    if (out && fclose(out) == 0 && gauges > 0) {
        profile_add_comment(profile, text);
    }
    free(text);
}

// As the profiler's own warnings: readers show them, and limits do not pass.
void merge_export_missing(struct profile *profile, const struct sweep_report *report) {
    size_t all = report->uploads + report->failed_count + report->left_out;
    char text[400];
    if (report->failed_count > 0) {
        snprintf(text, sizeof text, "cmemprof: warning: figures are too low: %zu of %zu uploads could not be read%s%s%s",
                 report->failed_count, all, report->reasons > 0 ? ": " : "", report->reasons > 0 ? report->failed[0].reason : "",
                 report->reasons > 1 ? ", and other reasons" : "");
        profile_add_comment(profile, text);
    }
    if (report->left_out > 0) {
        snprintf(text, sizeof text, "cmemprof: warning: figures are too low: %zu of %zu uploads were left out, more than are read at once",
                 report->left_out, all);
        profile_add_comment(profile, text);
    }
}

enum receiver_error merge_export_finish(struct profile *all, const struct sweep_report *report, struct profile *moment,
                                        const struct sweep_report *moment_report) {
    enum receiver_error error = RECEIVER_OK;
    merge_export_missing(all, report);
    if (!moment) {
        error = divide(all, report);
        if (report->uploads > 1) {
            say_gauges(all, report);
        }
        return error;
    }
    error = divide(moment, moment_report);
    error = error == RECEIVER_OK ? clear_gauges(all) : error; // the moment lacks them: 0
    if (error == RECEIVER_OK && keep_gauges(moment, &error)) {
        error = add_gauges(all, moment);
    }
    say_gauges(all, moment_report);
    return error;
}
