// view_make.c: views of a selection (view_make.h).
#include "view_make.h"
#include "../../base/saturated.h"
#include "../analysis/analysis.h"
#include "../analysis/version_changes.h"
#include "../index/measures.h"
#include "../views/disassembly.h"
#include "../views/growth.h"
#include "../views/labels.h"
#include "../views/merge_export.h"
#include "../views/metrics_groups.h"
#include "../views/metrics_labels.h"
#include "../views/owners.h"
#include "../views/timeline_write.h"
#include "../views/upload_types.h"
#include "report_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// NULL: uploads are not grouped.
static const struct upload_label *given_label(const struct view_request *request, struct upload_label *label) {
    *label = (struct upload_label){request->filter.group_by, &request->groups};
    return request->tag ? label : NULL;
}

static enum receiver_error merge_list(struct view_request *request, const struct upload_list *list, struct profile **profile,
                                      struct sweep_report *report) {
    const struct view_filter *filter = &request->filter;
    const char *keys[MERGE_UPLOADS_MAX_LABELS];
    size_t key_count = filter->label_count;
    for (size_t i = 0; i < key_count; i++) {
        keys[i] = filter->labels[i].key;
    }
    if (filter->group_by) {
        keys[key_count++] = filter->group_by;
    }
    struct upload_label label;
    enum receiver_error error = merge_uploads(request->api->store, request->api->cache, list, request->attachment, keys, key_count,
                                              given_label(request, &label), profile, report);
    request->is_passing |= error == RECEIVER_OK && report->is_passing;
    if (error == RECEIVER_OK && report->uploads == 0 && report->failed_count > 0) {
        profile_free(*profile);
        *profile = NULL;
        snprintf(request->answer.text, sizeof request->answer.text, "%s", report->failed[0].reason);
        return RECEIVER_BAD_UPLOAD;
    }
    return error == RECEIVER_OK ? view_name(profile, store_symbols(request->api->store)) : error;
}

// The uploads that the value of a gauge is taken from.
static enum receiver_error pick_uploads(struct view_request *request, const struct upload_list *list, struct gauges of, const char *type,
                                        struct upload_list *picked, struct sweep_gauges *gauges) {
    struct gauges_source source = {request->api->store, list, request->attachment, NULL};
    enum receiver_error error = gauges_pick(&source, of, type, picked);
    *gauges = (struct sweep_gauges){of, gauges_at_once(list), type ? gauges_having(&source, type) : 0};
    gauges_source_free(&source);
    return error;
}

static bool is_index(const char *type) {
    return *type && type[strspn(type, "0123456789")] == '\0';
}

// Sets the request's type: the one requested, possibly by its index, or the default type.
static enum receiver_error choose_type(struct view_request *request) {
    enum receiver_error error = RECEIVER_OK;
    if (!request->type || !*request->type || is_index(request->type)) {
        char wanted[VIEW_TYPE_BYTES];
        snprintf(wanted, sizeof wanted, "%s", request->type ? request->type : "");
        error =
            upload_types_choose(request->api->store, &request->list, request->attachment, wanted, request->shown, sizeof request->shown);
        request->type = request->shown;
    }
    return error;
}

// All uploads count for a type that is no gauge.
static struct gauges gauges_of_type(const struct view_request *request) {
    bool of_gauge = request->type && measure_is_gauge(request->type);
    return (struct gauges){of_gauge ? request->gauges.value : GAUGES_MEAN, request->gauges.summed};
}

static enum receiver_error merge_picked(struct view_request *request, const struct upload_list *list, struct gauges of, const char *type,
                                        struct profile **profile, struct sweep_report *report) {
    struct upload_list picked = {0};
    struct sweep_gauges gauges = {0};
    enum receiver_error error = pick_uploads(request, list, of, type, &picked, &gauges);
    error = error == RECEIVER_OK ? merge_list(request, &picked, profile, report) : error;
    if (error == RECEIVER_OK) {
        int index = profile_sample_type_chosen(*profile, type);
        const char *name = index >= 0 ? profile_sample_type_name(*profile, (size_t)index) : "";
        sweep_report_set_gauges(report, list, gauges, sweep_profiles_of(&report->counts, name));
    }
    upload_list_free(&picked);
    return error;
}

static enum receiver_error merge(struct view_request *request, const struct upload_list *list, struct profile **profile,
                                 struct sweep_report *report) {
    enum receiver_error error = request->gauges.value == GAUGES_MEAN ? RECEIVER_OK : choose_type(request);
    return error == RECEIVER_OK ? merge_picked(request, list, gauges_of_type(request), request->type, profile, report) : error;
}

static enum receiver_error make_types(struct view_request *request, struct json *json) {
    json_object_begin(json);
    enum receiver_error error = upload_types_write_attachments(store_catalog(request->api->store), &request->selection, json);
    if (error == RECEIVER_OK && request->attachment) {
        error = upload_types_write(request->api->store, &request->list, request->attachment, request->gauges, &request->is_passing, json);
    }
    json_object_end(json);
    return error;
}

static enum receiver_error make_tree(struct view_request *request, struct json *json) {
    struct profile *profile;
    struct sweep_report report;
    enum receiver_error error = merge(request, &request->list, &profile, &report);
    if (error != RECEIVER_OK) {
        return error;
    }
    json_object_begin(json);
    sweep_report_write(&report, json);
    json_key(json, "seconds");
    json_real(json, report.seconds);
    request->filter.report = &report;
    error = view_tree(profile, request->type, NULL, &request->filter, json, request->answer.text, sizeof request->answer.text);
    json_object_end(json);
    profile_free(profile);
    return error;
}

// All gauges of the file come from one moment, that of one of the gauges, whatever the type. *moment is NULL for max without gauges.
static enum receiver_error merge_moment(struct view_request *request, struct profile **moment, struct sweep_report *report) {
    char type[VIEW_TYPE_BYTES] = "";
    enum receiver_error error =
        upload_types_choose_gauge(request->api->store, &request->list, request->attachment, request->type, type, sizeof type);
    bool there = request->gauges.value != GAUGES_MAX || *type;
    return error == RECEIVER_OK && there ? merge_picked(request, &request->list, request->gauges, type, moment, report) : error;
}

// Of one type, and of the samples that the filter chooses; OTLP is of the whole profile.
static enum receiver_error write_export(struct view_request *request, struct profile *profile, struct json *out) {
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(&request->filter, labels);
    int index = profile_sample_type_chosen(profile, request->type);
    if (index < 0 && export_is_of_type(request->format)) {
        snprintf(request->answer.text, sizeof request->answer.text, "the selection has no sample type %.100s", request->type);
        return RECEIVER_NOT_FOUND;
    }
    options.type_index = index > 0 ? (size_t)index : 0;
    if (request->filter.group_by && export_is_of_type(request->format) && profile_group_by(profile, request->filter.group_by) != MERGE_OK) {
        return RECEIVER_NO_MEMORY;
    }
    return export_write(profile, &options, request->format, request->attachment, out);
}

enum receiver_error view_make_profile(struct view_request *request, struct profile **profile, struct sweep_report *report) {
    struct profile *moment = NULL;
    struct sweep_report moment_report = {0};
    *profile = NULL;
    enum receiver_error error = merge_list(request, &request->list, profile, report);
    if (error == RECEIVER_OK && request->gauges.value != GAUGES_MEAN) {
        error = merge_moment(request, &moment, &moment_report);
    }
    report->gauges = (struct sweep_gauges){request->gauges, gauges_at_once(&request->list), report->uploads};
    if (error == RECEIVER_OK) {
        error = merge_export_finish(*profile, report, moment, &moment_report);
    }
    profile_free(moment);
    if (error != RECEIVER_OK) {
        profile_free(*profile);
        *profile = NULL;
    }
    return error;
}

// The merged profile itself, for go tool pprof and others (merge_export.h), or a file of another tool (export.h).
static enum receiver_error make_profile(struct view_request *request, struct json *out) {
    struct profile *profile;
    struct sweep_report report;
    enum receiver_error error = view_make_profile(request, &profile, &report);
    error = error == RECEIVER_OK ? write_export(request, profile, out) : error;
    profile_free(profile);
    return error;
}

// The difference as a file.
static enum receiver_error make_difference(struct view_request *request, struct json *out) {
    struct diff_side now = {0}, base = {0};
    struct upload_list list = request->list;
    enum receiver_error error = view_make_profile(request, &now.profile, &now.report);
    if (error == RECEIVER_OK) {
        request->list = request->base;
        error = view_make_profile(request, &base.profile, &base.report);
        request->list = list;
    }
    if (error == RECEIVER_OK) {
        error = diff_subtract(&now, &base, request->mode, request->answer.text, sizeof request->answer.text);
    }
    error = error == RECEIVER_OK ? write_export(request, now.profile, out) : error;
    profile_free(now.profile);
    profile_free(base.profile);
    return error;
}

static enum receiver_error make_diff(struct view_request *request, struct json *json) {
    if (request->is_file) {
        return make_difference(request, json);
    }
    struct diff_side now = {0}, base = {0};
    enum receiver_error error = merge(request, &request->list, &now.profile, &now.report);
    if (error == RECEIVER_OK) {
        error = merge(request, &request->base, &base.profile, &base.report);
    }
    if (error == RECEIVER_OK) {
        error = diff_write(&now, &base, request->type, request->mode, &request->filter, json, request->answer.text,
                           sizeof request->answer.text);
    }
    profile_free(now.profile);
    profile_free(base.profile);
    return error;
}

static enum receiver_error take_labels(void *part, struct sweep_file *file) {
    struct profile *profile;
    enum receiver_error error = view_open(file->bytes, file->size, &profile, file->text, sizeof file->text);
    if (error == RECEIVER_OK) {
        error = labels_add_profile(part, profile) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        profile_free(profile);
    }
    return error;
}

static void write_labels(const struct labels *labels, const char *type, const struct sweep_report *report, struct json *json) {
    json_object_begin(json);
    sweep_report_write(report, json);
    labels_write(labels, measure_is_gauge(type) ? sweep_gauge_divisor(report, labels_profiles(labels)) : 1, json);
    json_object_end(json);
}

// Of the uploads that the type's value is taken from.
static enum receiver_error count_labels(struct view_request *request, const struct upload_list *picked, struct sweep_report *report,
                                        struct labels *labels, struct labels *second) {
    void *parts[2] = {labels, second};
    enum receiver_error error = labels && second ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        error = sweep_uploads(request->api->store, picked, request->attachment, take_labels, parts, report);
    }
    if (error == RECEIVER_OK && !labels_add_labels(labels, second)) {
        error = RECEIVER_NO_MEMORY;
    }
    if (error == RECEIVER_OK && (request->type != request->shown || is_index(request->type)) && report->uploads > 0 &&
        labels_profiles(labels) == 0) {
        snprintf(request->answer.text, sizeof request->answer.text, "the selection has no sample type %.100s", request->type);
        error = RECEIVER_NOT_FOUND;
    }
    return error;
}

static enum receiver_error make_labels(struct view_request *request, struct json *json) {
    struct upload_list picked = {0};
    struct sweep_gauges gauges = {0};
    struct sweep_report report = {0};
    enum receiver_error error = choose_type(request);
    if (error != RECEIVER_OK) {
        return error;
    }
    struct labels *labels = labels_new(request->type), *second = labels_new(request->type);
    error = pick_uploads(request, &request->list, gauges_of_type(request), request->type, &picked, &gauges);
    error = error == RECEIVER_OK ? count_labels(request, &picked, &report, labels, second) : error;
    if (error == RECEIVER_OK) {
        sweep_report_set_gauges(&report, &request->list, gauges, labels_profiles(labels));
        write_labels(labels, request->type, &report, json);
    }
    upload_list_free(&picked);
    labels_free(labels);
    labels_free(second);
    return error;
}

// One half of the uploads.
struct timeline_part {
    struct timeline *timeline;
    const struct receiver_symbols *symbols;
};

static enum receiver_error take_timeline(void *state, struct sweep_file *file) {
    const struct timeline_part *part = state;
    struct profile *profile;
    enum receiver_error error = view_open(file->bytes, file->size, &profile, file->text, sizeof file->text);
    error = error == RECEIVER_OK ? view_name(&profile, part->symbols) : error;
    if (error == RECEIVER_OK) {
        error = timeline_add(part->timeline, profile, file->upload);
        profile_free(profile);
    }
    return error;
}

static enum receiver_error read_timeline(struct view_request *request, struct timeline_part parts[2], struct sweep_report *report) {
    void *const halves[2] = {&parts[0], &parts[1]};
    enum receiver_error error = sweep_uploads(request->api->store, &request->list, request->attachment, take_timeline, halves, report);
    if (error == RECEIVER_OK && !timeline_merge(parts[0].timeline, parts[1].timeline)) {
        error = RECEIVER_NO_MEMORY;
    }
    if (error == RECEIVER_OK && report->uploads > 0 && timeline_profiles(parts[0].timeline) == 0) {
        snprintf(request->answer.text, sizeof request->answer.text, "the selection has no sample type %.100s", request->type);
        error = RECEIVER_NOT_FOUND;
    }
    return error;
}

static enum receiver_error write_timeline(struct view_request *request, const struct timeline_question *question, size_t impossible,
                                          struct json *json) {
    struct sweep_report report = {0};
    struct timeline_part parts[2];
    for (size_t i = 0; i < 2; i++) {
        parts[i] = (struct timeline_part){timeline_new(question), store_symbols(request->api->store)};
    }
    enum receiver_error error = parts[0].timeline && parts[1].timeline ? read_timeline(request, parts, &report) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        sweep_report_write(&report, json);
        json_key(json, "uploads_at_impossible_times");
        json_number(json, (int64_t)impossible);
        error = timeline_write(parts[0].timeline, json) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        json_object_end(json);
    }
    timeline_free(parts[0].timeline);
    timeline_free(parts[1].timeline);
    return error;
}

static enum receiver_error make_timeline(struct view_request *request, struct json *json) {
    struct upload_label label;
    struct timeline_question question = {
        .columns = request->columns, .filter = &request->filter, .label = given_label(request, &label), .lanes = request->lanes};
    size_t impossible = timeline_leave_out(&request->list);
    if (request->list.count == 0) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "no upload of the selection has a possible time: from 2000 to 2100, of a week at most");
        return RECEIVER_BAD_UPLOAD;
    }
    enum receiver_error error = choose_type(request);
    error = error == RECEIVER_OK ? timeline_range(&request->list, request->selection.to_ms, &question) : error;
    if (error != RECEIVER_OK) {
        return error;
    }
    timeline_narrow(&question);
    request->list.with_times |= timeline_is_finer(&question); // or a stretch of time is chosen, whatever the columns
    question.type = request->type;
    question.is_gauge = measure_is_gauge(request->type);
    int64_t *until_ms = NULL;
    if (question.is_gauge && request->gauges.summed) {
        until_ms = gauges_current_until(&request->list);
        question.list = &request->list;
        question.until_ms = until_ms;
        error = until_ms ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    error = error == RECEIVER_OK ? write_timeline(request, &question, impossible, json) : error;
    free(until_ms);
    return error;
}

static enum receiver_error make_label_keys(struct view_request *request, struct json *json) {
    return metrics_write_label_keys(request->api->store, &request->selection, &request->list, json);
}

// A report's charts have one line.
static enum receiver_error make_metrics(struct view_request *request, struct json *json) {
    struct metrics *metrics;
    if (request->filter.group_by && !request->tag && !request->report.address) {
        return metrics_write_labels(request->api->store, &request->selection, &request->list, request->filter.group_by,
                                    request->gauges.summed, json);
    }
    enum receiver_error error = metrics_read(request->api->store, &request->list, &metrics);
    if (error == RECEIVER_OK) {
        request->is_passing |= metrics->report.is_passing;
        error = request->tag ? metrics_write_groups(metrics, &request->list, &request->groups, request->gauges.summed, json)
                             : metrics_write(metrics, &request->list, request->gauges.summed, json);
        metrics_free(metrics);
    }
    return error;
}

static enum receiver_error make_analysis(struct view_request *request, struct json *json) {
    return analysis_write(request->api->store, &request->overview, request->filter.owner == VIEW_PROFILERS, json);
}

static enum receiver_error make_versions(struct view_request *request, struct json *json) {
    return version_changes_write(&request->overview, json);
}

static enum receiver_error make_growth(struct view_request *request, struct json *json) {
    enum receiver_error error = choose_type(request);
    struct upload_label label;
    const struct growth_question question = {request->api->store, &request->list,   request->attachment,
                                             request->type,       &request->filter, given_label(request, &label)};
    if (error == RECEIVER_OK && request->is_file) {
        struct profile *profile;
        error = growth_profile(&question, &profile, &request->is_passing, request->answer.text, sizeof request->answer.text);
        error = error == RECEIVER_OK ? export_write(profile, NULL, request->format, request->attachment, json) : error;
        profile_free(profile);
        return error;
    }
    return error != RECEIVER_OK ? error
                                : growth_write(&question, json, &request->is_passing, request->answer.text, sizeof request->answer.text);
}

static enum receiver_error make_owners(struct view_request *request, struct json *json) {
    struct profile *profile;
    struct sweep_report report;
    struct owners *owners = calloc(1, sizeof *owners); // its memos are large
    enum receiver_error error = owners ? view_make_profile(request, &profile, &report) : RECEIVER_NO_MEMORY;
    if (error != RECEIVER_OK) {
        free(owners);
        return error;
    }
    owners_start(owners, profile, request->api->pairs, owners_is_single(&report, request->attachment));
    enum merge_error fault = owners_add_all(owners, profile, &request->filter);
    error = fault == MERGE_OK ? RECEIVER_OK : fault == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_TOO_LARGE) {
        snprintf(request->answer.text, sizeof request->answer.text, "there are more than %d owners", OWNERS_MAX_ROWS);
    }
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        sweep_report_write(&report, json);
        json_key(json, "seconds");
        json_real(json, report.seconds);
        owners_write(owners, request->events_limit, json);
        view_write_warnings(profile, json);
        json_object_end(json);
    }
    owners_free(owners);
    free(owners);
    profile_free(profile);
    return error;
}

static bool is_function(const void *context, const struct profile_frame *frame) {
    const struct view_code *code = context;
    char name[VIEW_NAME_BYTES];
    return strcmp(view_frame_name(frame, name), code->function) == 0 && (!code->file || strcmp(frame->file, code->file) == 0);
}

static enum receiver_error weigh_code(const struct view_request *request, struct profile *profile, size_t type, int64_t *total,
                                      struct code_weights *weights) {
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(&request->filter, labels);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        if (!tree_keeps(profile, &options, i)) {
            continue;
        }
        if (profile_sample_at(profile, i, &sample) != MERGE_OK ||
            !code_weights_add(weights, &sample, sample.values[type], is_function, &request->code)) {
            return RECEIVER_NO_MEMORY;
        }
        saturated_add(total, sample.values[type]);
    }
    code_weights_sort(weights);
    return RECEIVER_OK;
}

// A file that is not here may be here the next time: such an answer is not kept.
static enum receiver_error write_code(struct view_request *request, const struct code_weights *weights, struct json *json) {
    const struct disassembly_choice choice = {.build_id = request->code.build_id, .at = request->code.at};
    struct disassembly made;
    bool ok = disassembly_make(&made, weights, request->api->code, &choice);
    if (ok) {
        request->is_passing |= *made.reason != 0;
        disassembly_write(&made, json);
    }
    disassembly_free(&made);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error make_disassembly(struct view_request *request, struct json *json) {
    struct profile *profile;
    struct sweep_report report;
    struct code_weights weights = {0};
    int64_t total = 0;
    enum receiver_error error = view_make_profile(request, &profile, &report);
    int type = error == RECEIVER_OK ? profile_sample_type_chosen(profile, request->type) : -1;
    if (error == RECEIVER_OK && type < 0) {
        snprintf(request->answer.text, sizeof request->answer.text, "the selection has no sample type %.100s", request->type);
        error = RECEIVER_NOT_FOUND;
    }
    error = error == RECEIVER_OK ? weigh_code(request, profile, (size_t)type, &total, &weights) : error;
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        sweep_report_write(&report, json);
        json_member_text(json, "type", profile_sample_type_name(profile, (size_t)type));
        json_member_text(json, "unit", profile_sample_type_unit(profile, (size_t)type));
        json_member_number(json, "total", total);
        error = write_code(request, &weights, json);
        json_object_end(json);
    }
    code_weights_free(&weights);
    profile_free(profile);
    return error;
}

enum receiver_error view_make(struct view_request *request, enum view_kind kind, struct json *json) {
    static enum receiver_error (*const make[])(struct view_request * request, struct json * json) = {
        [VIEW_TYPES] = make_types,
        [VIEW_TREE] = make_tree,
        [VIEW_PROFILE] = make_profile,
        [VIEW_DIFF] = make_diff,
        [VIEW_LABELS] = make_labels,
        [VIEW_METRICS] = make_metrics,
        [VIEW_ANALYSIS] = make_analysis,
        [VIEW_GROWTH] = make_growth,
        [VIEW_REPORT] = report_make,
        [VIEW_VERSIONS] = make_versions,
        [VIEW_OWNERS] = make_owners,
        [VIEW_TIMELINE] = make_timeline,
        [VIEW_DISASSEMBLY] = make_disassembly,
        [VIEW_LABEL_KEYS] = make_label_keys,
    };
    request->list.with_times = request->base.with_times = view_asks_time(&request->filter);
    return make[kind](request, json);
}
