// diff.c: the tree of a difference (diff.h).
#include "diff.h"
#include "../index/measures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// No client has such a type: sample types are words.
static const char base_name[] = "\x01 of the baseline";
static const char period_types_differ[] = "the two sides cannot be compared: their profiles have different period types";

// The factor of the baseline's values that makes both sides comparable: amounts are scaled by the time in which they were collected. Gauges
// are of each side's own moments (gauges.h) and not scaled.
static double factor_of(const struct diff_side *now, const struct diff_side *base, const char *type, enum diff_mode mode) {
    double ours = now->report.seconds, theirs = base->report.seconds;
    return mode == DIFF_PER_SECOND && !measure_is_gauge(type) && ours > 0 && theirs > 0 ? ours / theirs : 1;
}

// The baseline may lack the type: then all of its values are 0.
static enum receiver_error add_base(struct profile *now, struct profile *base, const char *type, double factor, char *text,
                                    size_t text_size) {
    enum merge_error renamed = profile_rename_sample_type(base, type, base_name);
    if (renamed == MERGE_NOT_FOUND) {
        return RECEIVER_OK;
    }
    const char *const kept[] = {base_name};
    if (renamed != MERGE_OK || profile_keep_sample_types(base, kept, 1) != MERGE_OK ||
        (factor != 1 && profile_scale_sample_type(base, base_name, factor) != MERGE_OK)) {
        return RECEIVER_NO_MEMORY;
    }
    profile_allow_union(now);
    enum receiver_error error = merge_uploads_add(now, base);
    if (error == RECEIVER_BAD_UPLOAD) {
        snprintf(text, text_size, "%s", period_types_differ);
    }
    return error;
}

enum receiver_error diff_subtract(struct diff_side *now, struct diff_side *base, enum diff_mode mode, char *text, size_t text_size) {
    char comment[200];
    for (size_t i = 0; i < profile_sample_type_count(base->profile); i++) {
        const char *type = profile_sample_type_name(base->profile, i);
        if (profile_scale_sample_type(base->profile, type, -factor_of(now, base, type, mode)) != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
    }
    profile_allow_union(now->profile);
    enum receiver_error error = merge_uploads_add(now->profile, base->profile);
    if (error == RECEIVER_BAD_UPLOAD) {
        snprintf(text, text_size, "%s", period_types_differ);
    }
    snprintf(comment, sizeof comment, MEASURE_DIFFERENCE "%zu uploads less %zu of the baseline; amounts %s", now->report.uploads,
             base->report.uploads, mode == DIFF_TOTAL ? "are totals" : "of the baseline are scaled to the same time");
    profile_add_comment(now->profile, comment);
    return error;
}

static void write_base(const struct diff_side *base, enum diff_mode mode, double factor, struct json *json) {
    json_key(json, "base");
    json_object_begin(json);
    sweep_report_write(&base->report, json);
    json_key(json, "seconds");
    json_real(json, base->report.seconds);
    json_object_end(json);
    json_key(json, "scale");
    json_object_begin(json);
    json_key(json, "mode");
    json_text(json, mode == DIFF_TOTAL ? "total" : "per_second");
    json_key(json, "factor");
    json_real(json, factor);
    json_object_end(json);
}

enum receiver_error diff_write(struct diff_side *now, struct diff_side *base, const char *type, enum diff_mode mode,
                               const struct view_filter *filter, struct json *json, char *text, size_t text_size) {
    int index = profile_sample_type_chosen(now->profile, type);
    if (index < 0) {
        snprintf(text, text_size, "the selection has no sample type %.100s", type ? type : "");
        return RECEIVER_NOT_FOUND;
    }
    char *name = strdup(profile_sample_type_name(now->profile, (size_t)index));
    if (!name) {
        return RECEIVER_NO_MEMORY;
    }
    struct view_filter both = filter ? *filter : (struct view_filter){0};
    both.report = &now->report;
    both.base_report = &base->report;
    double factor = factor_of(now, base, name, mode);
    enum receiver_error error = add_base(now->profile, base->profile, name, factor, text, text_size);
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        sweep_report_write(&now->report, json);
        json_key(json, "seconds");
        json_real(json, now->report.seconds);
        write_base(base, mode, factor, json);
        error = view_tree(now->profile, name, base_name, &both, json, text, text_size);
        json_object_end(json);
    }
    free(name);
    return error;
}
