// merged_file.c: gauges of a merged profile that becomes a file (merged_file.h).
#include "merged_file.h"
#include "../index/measures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Leaves the gauges alone. False: there are none, or no memory.
static bool keep_gauges(struct profile *profile, enum receiver_error *error) {
    const char *names[MERGED_MAX_TYPES];
    size_t count = 0;
    for (size_t i = 0; i < profile_sample_type_count(profile) && count < MERGED_MAX_TYPES; i++) {
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
    profile_set_time(moment, profile_time_ns(moment), 0); // it is in all's duration already
    return merged_add(all, moment);
}

static enum receiver_error divide(struct profile *profile, const struct merged_report *report) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        const char *name = profile_sample_type_name(profile, i);
        double divisor = merged_gauge_divisor(report, merged_profiles_of(&report->counts, name));
        if (measure_is_gauge(name) && divisor != 1 && profile_scale_sample_type(profile, name, 1 / divisor) != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
    }
    return RECEIVER_OK;
}

static void write_value(const struct merged_report *report, FILE *out) {
    const struct merged_gauges *gauges = &report->gauges;
    switch (gauges->of.value) {
    case GAUGES_MEAN:
        fprintf(out, "mean of %zu profiles", report->uploads);
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

// "cmemprof: inuse_objects, inuse_space: mean of 216 profiles; other types: sums".
static void say_gauges(struct profile *profile, const struct merged_report *report) {
    char *text = NULL;
    size_t size, gauges = 0;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < profile_sample_type_count(profile); i++) {
        const char *name = profile_sample_type_name(profile, i);
        if (measure_is_gauge(name)) {
            fprintf(out, "%s%s", gauges++ ? ", " : "cmemprof: ", name);
        }
    }
    if (out) {
        fprintf(out, ": ");
        write_value(report, out);
        fprintf(out, "; other types: sums");
    }
    if (out && fclose(out) == 0 && gauges > 0) {
        profile_add_comment(profile, text);
    }
    free(text);
}

enum receiver_error merged_file_finish(struct profile *all, const struct merged_report *report, struct profile *moment,
                                       const struct merged_report *moment_report) {
    enum receiver_error error = RECEIVER_OK;
    if (!moment) {
        error = divide(all, report);
        say_gauges(all, report);
        return error;
    }
    error = divide(moment, moment_report);
    error = error == RECEIVER_OK ? clear_gauges(all) : error; // what the moment lacks was not there
    if (error == RECEIVER_OK && keep_gauges(moment, &error)) {
        error = add_gauges(all, moment);
    }
    say_gauges(all, moment_report);
    return error;
}
