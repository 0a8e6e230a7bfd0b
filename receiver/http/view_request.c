// view_request.c: parameters of views (view_request.h).
#include "view_request.h"
#include "../analysis/version_changes.h"
#include "../views/jfr_events.h"
#include "../views/metrics.h"
#include "../views/metrics_labels.h"
#include "../views/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct view views[] = {
    {"/api/types", VIEW_TYPES, true, true, false},
    {"/api/tree", VIEW_TREE, true, false, false},
    {"/api/profile", VIEW_PROFILE, true, false, false},
    {"/api/diff", VIEW_DIFF, true, false, false},
    {"/api/labels", VIEW_LABELS, true, false, false},
    {"/api/metrics", VIEW_METRICS, false, true, true},
    {"/api/analysis", VIEW_ANALYSIS, false, true, false},
    {"/api/growth", VIEW_GROWTH, true, false, false},
    {"/api/report", VIEW_REPORT, false, false, true},
    {"/api/versions", VIEW_VERSIONS, false, true, false},
    {"/api/owners", VIEW_OWNERS, true, false, false},
    {"/api/timeline", VIEW_TIMELINE, true, false, false},
    {"/api/disassembly", VIEW_DISASSEMBLY, true, false, false},
    {"/api/label_keys", VIEW_LABEL_KEYS, false, true, false},
};

const struct view *view_find(const char *path) {
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (strcmp(path, views[i].path) == 0) {
            return &views[i];
        }
    }
    return NULL;
}

void view_request_init(struct view_request *request, struct view_api *api, struct MHD_Connection *connection) {
    *request = (struct view_request){.api = api, .connection = connection, .parameters = parameters_of(connection)};
    selection_init(&request->selection);
    selection_init(&request->base_selection);
}

void view_request_free(struct view_request *request) {
    for (size_t i = 0; i < request->filter.label_count; i++) {
        free(request->label_texts[i]);
    }
    upload_list_free(&request->list);
    upload_list_free(&request->base);
    search_groups_free(&request->groups);
    overview_free(&request->overview);
    selection_free(&request->selection);
    selection_free(&request->base_selection);
}

static const char *argument(const struct view_request *request, const char *key) {
    return parameters_get(&request->parameters, key);
}

// The colon after the key: "tag:KEY", which groups by a tag of uploads (below), has one of its own.
static const char *end_of_key(const char *label) {
    const char *colon = strchr(label, ':'), *second = colon && strncmp(label, "tag:", 4) == 0 ? strchr(colon + 1, ':') : NULL;
    return second ? second : colon;
}

static enum MHD_Result take_label(void *state, enum MHD_ValueKind kind, const char *key, const char *value) {
    struct view_request *request = state;
    struct view_filter *filter = &request->filter;
    (void)kind;
    if (strcmp(key, "label") != 0) {
        return MHD_YES;
    }
    const char *colon = value ? end_of_key(value) : NULL;
    if (!colon || filter->label_count == VIEW_MAX_LABELS) {
        snprintf(request->answer.text, sizeof request->answer.text, colon ? "more than %d labels" : "a label is not KEY:VALUE",
                 VIEW_MAX_LABELS);
        return MHD_NO;
    }
    char *copy = strdup(value);
    if (!copy) {
        return MHD_NO;
    }
    copy[colon - value] = '\0';
    request->label_texts[filter->label_count] = copy;
    filter->labels[filter->label_count++] = (struct tree_label){copy, copy + (colon - value) + 1};
    return MHD_YES;
}

// The aggregation of gauges over uploads (gauges.h).
static void read_gauges(struct view_request *request) {
    const char *value = argument(request, "gauges"), *processes = argument(request, "processes");
    value = value && *value ? value : gauges_names[GAUGES_MEAN];
    processes = processes && *processes ? processes : "each";
    size_t at = 0;
    while (gauges_names[at] && strcmp(gauges_names[at], value) != 0) {
        at++;
    }
    request->gauges = (struct gauges){(enum gauges_value)at, strcmp(processes, "sum") == 0};
    if (!gauges_names[at]) {
        snprintf(request->answer.text, sizeof request->answer.text, "gauges is none of mean, last, max");
    } else if (!request->gauges.summed && strcmp(processes, "each") != 0) {
        snprintf(request->answer.text, sizeof request->answer.text, "processes is neither each nor sum");
    }
}

enum receiver_error view_request_read_filter(struct view_request *request) {
    struct view_filter *filter = &request->filter;
    const char *memory = argument(request, "memory"), *owner = argument(request, "owner");
    memory = memory ? memory : "";
    owner = owner ? owner : "";
    filter->owner = strcmp(owner, "program") == 0 ? VIEW_PROGRAMS : strcmp(owner, "cmemprof") == 0 ? VIEW_PROFILERS : VIEW_ANYONES;
    filter->kind = argument(request, "kind");
    filter->kind = filter->kind && *filter->kind ? filter->kind : NULL;
    filter->memory = strcmp(memory, "C") == 0 ? VIEW_C : strcmp(memory, "Go") == 0 ? VIEW_GO : VIEW_ALL;
    request->type = argument(request, "type");
    filter->below = argument(request, "below");
    filter->below = filter->below && *filter->below ? filter->below : NULL;
    filter->group_by = argument(request, "group_by");
    filter->group_by = filter->group_by && *filter->group_by ? filter->group_by : NULL;
    const char *lines = argument(request, "lines"), *objects = argument(request, "objects"), *nodes = argument(request, "nodes");
    filter->packed = nodes && strcmp(nodes, "packed") == 0 ? &request->packed : NULL;
    filter->by_line = lines && strcmp(lines, "1") == 0;
    filter->objects = !objects || !*objects ? VIEW_NO_OBJECTS : strcmp(objects, "small") == 0 ? VIEW_OBJECTS_OF_SMALL : VIEW_OBJECTS;
    bool of_tag = filter->group_by && strncmp(filter->group_by, "tag:", 4) == 0;
    request->tag = of_tag ? filter->group_by + 4 : NULL;
    search_groups_init(&request->groups, of_tag ? request->tag : "");
    read_gauges(request);
    parameters_each(&request->parameters, take_label, request);
    if (filter->memory == VIEW_ALL && *memory) {
        snprintf(request->answer.text, sizeof request->answer.text, "memory is neither C nor Go");
    } else if (filter->owner == VIEW_ANYONES && *owner) {
        snprintf(request->answer.text, sizeof request->answer.text, "owner is neither program nor cmemprof");
    } else if (lines && *lines && !filter->by_line) {
        snprintf(request->answer.text, sizeof request->answer.text, "lines is not 1");
    } else if (filter->objects == VIEW_OBJECTS && strcmp(objects, "1") != 0) {
        snprintf(request->answer.text, sizeof request->answer.text, "objects is neither 1 nor small");
    } else if (nodes && *nodes && !filter->packed) {
        snprintf(request->answer.text, sizeof request->answer.text, "nodes is not packed");
    } else if (request->tag && !*request->tag) {
        snprintf(request->answer.text, sizeof request->answer.text, "group_by=tag:KEY has no key");
    } else if (filter->below && (strlen(filter->below) > 8 || filter->below[strspn(filter->below, "0123456789abcdefABCDEF")])) {
        snprintf(request->answer.text, sizeof request->answer.text, "below is not a 32-bit number in hex");
    } else if (filter->kind && !view_is_kind(filter->kind)) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "kind is none of go, runtime, c, c_runtime, python, python_runtime, node, node_runtime, java, java_runtime");
    }
    return *request->answer.text ? RECEIVER_BAD_UPLOAD : RECEIVER_OK;
}

static bool read_count(const struct view_request *request, const char *key, uint64_t otherwise, uint64_t *count) {
    const char *text = argument(request, key);
    char *end = NULL;
    errno = 0;
    *count = text ? strtoull(text, &end, 10) : otherwise;
    return errno == 0 && (!text || (*text >= '0' && *text <= '9' && !*end));
}

// Owners are of C memory, of all stacks: what chooses others is refused.
static enum receiver_error read_owners(struct view_request *request) {
    const struct view_filter *filter = &request->filter;
    if (filter->memory == VIEW_GO || filter->kind || filter->below || filter->group_by) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "owners are of C memory: memory=Go, kind, below and group_by are not for them");
        return RECEIVER_BAD_UPLOAD;
    }
    return view_request_read_events(request);
}

// Of single files, which have the labels of their samples, and no others.
static enum receiver_error read_timeline(struct view_request *request) {
    enum { USUAL_COLUMNS = 120 };
    bool ok = read_count(request, "columns", USUAL_COLUMNS, &request->columns) && request->columns > 0 &&
              request->columns <= TIMELINE_MAX_COLUMNS;
    if (!ok) {
        snprintf(request->answer.text, sizeof request->answer.text, "columns is not a number from 1 to %d", TIMELINE_MAX_COLUMNS);
    }
    for (size_t i = 0; ok && i < request->filter.label_count; i++) {
        ok = strncmp(request->filter.labels[i].key, "tag:", 4) != 0;
    }
    const char *lanes = argument(request, "lanes");
    request->lanes = lanes && strcmp(lanes, "1") == 0;
    if (ok && ((lanes && *lanes && !request->lanes) || (request->lanes && request->filter.group_by))) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 request->lanes ? "lanes are of threads, and group_by of something else" : "lanes is not 1");
        return RECEIVER_BAD_UPLOAD;
    }
    if (ok && request->gauges.value != GAUGES_MEAN) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "a timeline has the mean of a gauge in each column: gauges=%s is not for it", gauges_names[request->gauges.value]);
        return RECEIVER_BAD_UPLOAD;
    }
    if (!ok && !*request->answer.text) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "a timeline's uploads are chosen by tag=KEY:VALUE, not by label=tag:...");
    }
    return ok ? RECEIVER_OK : RECEIVER_BAD_UPLOAD;
}

static const char *given(const struct view_request *request, const char *key) {
    const char *text = argument(request, key);
    return text && *text ? text : NULL;
}

// Of all stacks that have the function.
static enum receiver_error read_code(struct view_request *request) {
    const struct view_filter *filter = &request->filter;
    request->code =
        (struct view_code){given(request, "function"), given(request, "file"), given(request, "build_id"), given(request, "at")};
    if (!request->code.function) {
        snprintf(request->answer.text, sizeof request->answer.text, "which function? function=NAME is missing");
    } else if (filter->below || filter->group_by || filter->kind) {
        snprintf(request->answer.text, sizeof request->answer.text, "kind, below and group_by are not for instructions");
    }
    return *request->answer.text ? RECEIVER_BAD_UPLOAD : RECEIVER_OK;
}

enum receiver_error view_request_of_one(struct view_request *request) {
    if (request->tag) {
        snprintf(request->answer.text, sizeof request->answer.text, "group_by=tag:KEY is for selections of uploads, not for one file");
    }
    return request->tag ? RECEIVER_BAD_UPLOAD : view_request_read_events(request);
}

enum receiver_error view_request_read_events(struct view_request *request) {
    enum { DEFAULT_LIMIT = 100 };
    bool ok = read_count(request, "after", 0, &request->events_after) &&
              read_count(request, "limit", DEFAULT_LIMIT, &request->events_limit) && request->events_limit > 0 &&
              request->events_limit <= JFR_EVENTS_MAX;
    if (!ok) {
        snprintf(request->answer.text, sizeof request->answer.text, "after is not a number, or limit is not one from 1 to %d",
                 JFR_EVENTS_MAX);
    }
    return ok ? RECEIVER_OK : RECEIVER_BAD_UPLOAD;
}

// A report's growth is of the attachment that its page shows.
static enum receiver_error read_report(struct view_request *request) {
    struct view_report *report = &request->report;
    const char *growth = argument(request, "growth");
    report->address = argument(request, "address");
    report->title = argument(request, "title");
    report->title = report->title ? report->title : "";
    report->grows = growth && strcmp(growth, "1") == 0 ? argument(request, "attachment") : NULL;
    report->two_sides = report->address && strncmp(report->address, "/compare?", 9) == 0;
    if (!report->address || !(report->two_sides || strncmp(report->address, "/profile?", 9) == 0)) {
        snprintf(request->answer.text, sizeof request->answer.text, "address is neither /profile?... nor /compare?... of the page");
        return RECEIVER_BAD_UPLOAD;
    }
    return report->two_sides
               ? selection_parse(&request->parameters, "base.", &request->base_selection, request->answer.text, sizeof request->answer.text)
               : RECEIVER_OK;
}

// Answers that are files, if a format is given.
static enum receiver_error read_format(struct view_request *request, const struct view *view) {
    bool is_of_format = view->kind == VIEW_PROFILE || view->kind == VIEW_DIFF || view->kind == VIEW_GROWTH;
    const char *format = is_of_format ? argument(request, "format") : NULL;
    request->format = format && *format ? export_named(format) : EXPORT_PPROF;
    request->is_file = view->kind == VIEW_PROFILE || view->kind == VIEW_REPORT || (format && *format);
    if (request->format == EXPORT_FORMATS) {
        snprintf(request->answer.text, sizeof request->answer.text, "format is none of pprof, otlp, folded, speedscope, json, csv, svg");
        return RECEIVER_BAD_UPLOAD;
    }
    if (view->kind != VIEW_PROFILE && (request->format == EXPORT_SVG || request->format == EXPORT_SPEEDSCOPE)) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "format=%s has no values below 0, which differences and growth have: take pprof, otlp, folded, json or csv", format);
        return RECEIVER_BAD_UPLOAD;
    }
    return RECEIVER_OK;
}

enum receiver_error view_request_read(struct view_request *request, const struct view *view) {
    enum receiver_error error =
        selection_parse(&request->parameters, "", &request->selection, request->answer.text, sizeof request->answer.text);
    if (error == RECEIVER_OK && view->kind == VIEW_DIFF) {
        const char *mode = argument(request, "mode");
        request->mode = mode && strcmp(mode, "total") == 0 ? DIFF_TOTAL : DIFF_PER_SECOND;
        if (mode && request->mode == DIFF_PER_SECOND && strcmp(mode, "per_second") != 0) {
            snprintf(request->answer.text, sizeof request->answer.text, "mode is neither total nor per_second");
            return RECEIVER_BAD_UPLOAD;
        }
        error = selection_parse(&request->parameters, "base.", &request->base_selection, request->answer.text, sizeof request->answer.text);
    }
    error = error == RECEIVER_OK ? read_format(request, view) : error;
    error = error == RECEIVER_OK && view->kind == VIEW_REPORT ? read_report(request) : error;
    request->attachment = view->of_attachment ? argument(request, "attachment") : NULL;
    request->attachment = request->attachment && *request->attachment ? request->attachment : NULL;
    if (error == RECEIVER_OK && view->of_attachment && !request->attachment && !view->may_lack_it) {
        snprintf(request->answer.text, sizeof request->answer.text, "which attachment? attachment=NAME is missing");
        return RECEIVER_BAD_UPLOAD;
    }
    error = error == RECEIVER_OK ? view_request_read_filter(request) : error;
    error = error == RECEIVER_OK && view->kind == VIEW_OWNERS ? read_owners(request) : error;
    error = error == RECEIVER_OK && view->kind == VIEW_TIMELINE ? read_timeline(request) : error;
    error = error == RECEIVER_OK && view->kind == VIEW_DISASSEMBLY ? read_code(request) : error;
    // Beside each other processes add up: the mean of twelve hosts, cut into twelve parts, would hide the one that is large.
    if (request->tag && view->kind != VIEW_METRICS && !argument(request, "processes")) {
        request->gauges.summed = request->sums_by_tag = true;
    }
    return error;
}

enum receiver_error view_request_group(struct view_request *request, struct upload_list *list) {
    struct catalog *catalog = store_catalog(request->api->store);
    return request->tag ? catalog_group(catalog, list->uploads, list->count, &request->groups) : RECEIVER_OK;
}

enum receiver_error view_request_read_lists(struct view_request *request, const struct view *view) {
    struct catalog *catalog = store_catalog(request->api->store);
    if (view->kind == VIEW_VERSIONS) {
        return version_changes_read(catalog, &request->selection, &request->overview);
    }
    if (view->kind == VIEW_ANALYSIS) {
        return overview_read(catalog, &request->selection, &request->overview);
    }
    bool of_files = view->kind == VIEW_LABELS || view->kind == VIEW_TIMELINE || request->gauges.value == GAUGES_MAX;
    size_t most = view->kind == VIEW_METRICS      ? METRICS_MAX_UPLOADS
                  : view->kind == VIEW_LABEL_KEYS ? METRICS_LABELS_LOOKED_AT
                  : of_files                      ? UPLOAD_LIST_FILES
                                                  : UPLOAD_LIST_MAX;
    enum receiver_error error = upload_list_read(catalog, &request->selection, request->attachment, most, &request->list);
    if (error == RECEIVER_OK && (view->kind == VIEW_DIFF || request->report.two_sides)) {
        error = upload_list_read(catalog, &request->base_selection, request->attachment, most, &request->base);
    }
    if (error == RECEIVER_OK && view->kind == VIEW_REPORT) {
        error = overview_read(catalog, &request->selection, &request->overview);
    }
    if (error == RECEIVER_OK && view->kind == VIEW_TYPES) { // its list of attachments covers all uploads, which the key must include
        error = upload_list_read(catalog, &request->selection, NULL, UPLOAD_LIST_MAX, &request->base);
    }
    if (error == RECEIVER_OK && request->list.count == 0 && !view->may_lack_it) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 request->attachment ? "no upload of the selection has an attachment %.100s" : "the selection has no uploads",
                 request->attachment);
        error = RECEIVER_NOT_FOUND;
    }
    error = error == RECEIVER_OK ? view_request_group(request, &request->list) : error;
    return error == RECEIVER_OK ? view_request_group(request, &request->base) : error;
}
