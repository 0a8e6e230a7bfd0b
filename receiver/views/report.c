// report.c: the data of a report (report.h).
#include "report.h"
#include "owners.h"
#include "sweep.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_free(struct report *report) {
    growth_tree_free(&report->tree);
    json_free(&report->sides);
    json_free(&report->answers);
}

// ---- Sides ----

static void end_side(struct report *report) {
    if (report->in_side) {
        json_array_end(&report->sides);
        json_object_end(&report->sides);
    }
    report->in_side = false;
}

void report_side(struct report *report, const char *selection, const struct json *upload, size_t total) {
    struct json *json = &report->sides;
    end_side(report);
    if (report->side_count++ == 0) {
        json_array_begin(json);
    }
    json_object_begin(json);
    json_member_text(json, "selection", selection);
    json_key(json, "upload");
    if (upload) {
        json_raw(json, upload->bytes, upload->size);
    } else {
        json_text(json, NULL);
    }
    json_member_number(json, "total", (int64_t)total);
    json_key(json, "profiles");
    json_array_begin(json);
    report->in_side = true;
}

// ---- Profiles ----

static enum receiver_error error_of(enum merge_error error) {
    return error == MERGE_OK ? RECEIVER_OK : error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
}

static enum receiver_error write_types(struct profile *profile, struct json *json) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct totals *totals = malloc(sizeof *totals);
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = SIZE_MAX; // it was within the limits
    limits.total_frames = SIZE_MAX;
    enum merge_error error = totals ? profile_encode(profile, MERGE_RAW, &bytes, &size) : MERGE_NO_MEMORY;
    error = error == MERGE_OK ? totals_read(bytes, size, &limits, totals, NULL) : error;
    json_key(json, "types");
    json_object_begin(json);
    if (error == MERGE_OK) {
        view_write_totals(totals, NULL, NULL, json);
    }
    json_object_end(json);
    free(bytes);
    free(totals);
    return error_of(error);
}

static void write_label(const struct profile_label *label, struct json *json) {
    char number[24];
    bool empty = !label->text && label->number == 0 && !*label->unit; // pprof writes an empty text as neither text nor number
    snprintf(number, sizeof number, "%lld", (long long)label->number);
    json_text(json, label->key);
    json_text(json, label->text ? label->text : empty ? "" : number);
    json_text(json, label->text ? "" : label->unit);
}

static bool has_value(const struct profile_sample_view *sample, size_t types) {
    size_t i = 0;
    while (i < types && sample->values[i] == 0) {
        i++;
    }
    return i < types;
}

static enum receiver_error write_samples(struct report *report, struct profile *profile, struct json *json) {
    size_t types = profile_sample_type_count(profile);
    enum merge_error error = MERGE_OK;
    json_key(json, "samples");
    json_array_begin(json);
    for (size_t i = 0; error == MERGE_OK && i < profile_sample_count(profile) && !json_failed(json); i++) {
        struct profile_sample_view sample;
        error = profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK || !has_value(&sample, types)) {
            continue;
        }
        uint32_t node = growth_tree_stack(&report->tree, sample.frames, sample.frame_count, NULL, NULL);
        if (node == GROWTH_NO_NODE) {
            return report->tree.node_count == GROWTH_MAX_NODES ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
        }
        json_array_begin(json);
        json_number(json, node);
        for (size_t t = 0; t < types; t++) {
            json_number(json, sample.values[t]);
        }
        for (size_t l = 0; l < sample.label_count; l++) {
            write_label(&sample.labels[l], json);
        }
        json_array_end(json);
    }
    json_array_end(json);
    return error_of(error);
}

// ---- Owners ----

enum { MOST_OWNERS = 2000 }; // as many as the page asks for

static enum merge_error write_owners(struct profile *profile, const struct report_source *source, const struct view_filter *filter,
                                     struct json *json) {
    struct owners *owners = calloc(1, sizeof *owners); // its memos are large
    if (!owners) {
        return MERGE_NO_MEMORY;
    }
    owners_start(owners, profile, source->pairs, source->is_single);
    enum merge_error error = owners_add_all(owners, profile, filter);
    json_object_begin(json);
    json_member_text(json, "owner", filter->owner == VIEW_PROGRAMS ? "program" : "");
    json_key(json, "labels");
    json_array_begin(json);
    for (size_t i = 0; i < filter->label_count; i++) {
        json_array_begin(json);
        json_text(json, filter->labels[i].key);
        json_text(json, filter->labels[i].text);
        json_array_end(json);
    }
    json_array_end(json);
    if (error == MERGE_OK) {
        json_key(json, "answer");
        json_object_begin(json);
        owners_write(owners, MOST_OWNERS, json);
        json_object_end(json);
    } else {
        json_member_text(json, "fault", "There are too many owners.");
    }
    json_object_end(json);
    owners_free(owners);
    free(owners);
    return error == MERGE_TOO_LARGE ? MERGE_OK : error; // which is said
}

static bool has_c_memory(struct profile *profile) {
    bool has_type = profile_sample_type_index(profile, "inuse_space") >= 0 || profile_sample_type_index(profile, "alloc_space") >= 0;
    struct profile_sample_view sample;
    for (size_t i = 0; has_type && i < profile_sample_count(profile); i++) {
        if (profile_sample_at(profile, i, &sample) == MERGE_OK && profile_sample_is_c(&sample)) {
            return true;
        }
    }
    return false;
}

static enum receiver_error write_all_owners(struct profile *profile, const struct report_source *source, struct json *json) {
    enum merge_error error = MERGE_OK;
    struct view_filter chosen = {0};
    if (!has_c_memory(profile)) {
        return RECEIVER_OK;
    }
    if (source->filter) {
        memcpy(chosen.labels, source->filter->labels, sizeof chosen.labels);
        chosen.label_count = source->filter->label_count;
    }
    json_key(json, "owners");
    json_array_begin(json);
    for (int labels = 0; labels <= (chosen.label_count > 0); labels++) {
        for (enum view_owner owner = VIEW_ANYONES; error == MERGE_OK && owner <= VIEW_PROGRAMS; owner++) {
            struct view_filter filter = {0};
            filter = labels ? chosen : filter;
            filter.owner = owner;
            error = write_owners(profile, source, &filter, json);
        }
    }
    json_array_end(json);
    return error_of(error);
}

enum receiver_error report_profile(struct report *report, const char *name, struct profile *profile, const struct report_source *source) {
    struct json *json = &report->sides;
    json_object_begin(json);
    json_member_text(json, "name", name);
    json_key(json, "seconds");
    json_real(json, source->seconds);
    json_key(json, "merged");
    if (source->merged) {
        json_object_begin(json);
        sweep_report_write(source->merged, json);
        json_object_end(json);
    } else {
        json_text(json, NULL);
    }
    view_write_warnings(profile, json);
    enum receiver_error error = write_types(profile, json);
    error = error == RECEIVER_OK ? write_all_owners(profile, source, json) : error;
    error = error == RECEIVER_OK ? write_samples(report, profile, json) : error;
    json_object_end(json);
    return error;
}

void report_fault(struct report *report, const char *name, const char *text) {
    json_object_begin(&report->sides);
    json_member_text(&report->sides, "name", name);
    json_member_text(&report->sides, "fault", text);
    json_object_end(&report->sides);
}

// ---- The whole ----

void report_answer(struct report *report, const char *path, const struct json *json) {
    if (report->answers.size == 0) {
        json_object_begin(&report->answers);
    }
    json_member_raw(&report->answers, path, json->bytes, json->size);
}

static void write_functions(const struct growth_tree *tree, struct json *json) {
    json_key(json, "functions");
    json_array_begin(json);
    for (size_t i = 0; i < tree->function_count && !json_failed(json); i++) {
        view_write_function(&tree->functions[i].frame, false, json);
    }
    json_array_end(json);
}

static void write_nodes(const struct growth_tree *tree, struct json *json) {
    json_key(json, "nodes");
    json_array_begin(json);
    for (size_t i = 1; i < tree->node_count && !json_failed(json); i++) {
        json_number(json, tree->nodes[i].parent);
        json_number(json, tree->nodes[i].function);
        json_number(json, tree->nodes[i].line);
    }
    json_array_end(json);
}

enum receiver_error report_write(struct report *report, const char *address, const char *title, struct json *json) {
    end_side(report);
    if (report->side_count > 0) {
        json_array_end(&report->sides);
    }
    if (report->answers.size > 0) {
        json_object_end(&report->answers);
    }
    if (json_failed(&report->sides) || json_failed(&report->answers)) {
        return report->sides.size + report->answers.size >= JSON_MAX_BYTES / 2 ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    json_object_begin(json);
    json_member_text(json, "address", address);
    json_member_text(json, "title", title);
    write_functions(&report->tree, json);
    write_nodes(&report->tree, json);
    json_member_raw(json, "sides", report->side_count > 0 ? report->sides.bytes : "[]", report->side_count > 0 ? report->sides.size : 2);
    json_member_raw(json, "answers", report->answers.size > 0 ? report->answers.bytes : "{}",
                    report->answers.size > 0 ? report->answers.size : 2);
    json_object_end(json);
    return !json_failed(json) ? RECEIVER_OK : json->size >= JSON_MAX_BYTES / 2 ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
}
