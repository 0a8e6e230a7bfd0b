// view_request.c: parameters of views (view_request.h).
#include "view_request.h"
#include "../views/jfr_events.h"
#include "../views/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct view views[] = {
    {"/api/types", VIEW_TYPES, true, true, false},        {"/api/tree", VIEW_TREE, true, false, false},
    {"/api/profile", VIEW_PROFILE, true, false, false},   {"/api/diff", VIEW_DIFF, true, false, false},
    {"/api/labels", VIEW_LABELS, true, false, false},     {"/api/metrics", VIEW_METRICS, false, true, true},
    {"/api/analysis", VIEW_ANALYSIS, false, true, false},
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
    *request = (struct view_request){.api = api, .connection = connection};
    selection_init(&request->selection);
    selection_init(&request->base_selection);
}

void view_request_free(struct view_request *request) {
    for (size_t i = 0; i < request->filter.label_count; i++) {
        free(request->label_texts[i]);
    }
    upload_list_free(&request->list);
    upload_list_free(&request->base);
    overview_free(&request->overview);
    selection_free(&request->selection);
    selection_free(&request->base_selection);
}

static const char *argument(const struct view_request *request, const char *key) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, key);
}

static enum MHD_Result take_label(void *state, enum MHD_ValueKind kind, const char *key, const char *value) {
    struct view_request *request = state;
    struct view_filter *filter = &request->filter;
    (void)kind;
    if (strcmp(key, "label") != 0) {
        return MHD_YES;
    }
    const char *colon = value ? strchr(value, ':') : NULL;
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
    read_gauges(request);
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_label, request);
    if (filter->memory == VIEW_ALL && *memory) {
        snprintf(request->answer.text, sizeof request->answer.text, "memory is neither C nor Go");
    } else if (filter->owner == VIEW_ANYONES && *owner) {
        snprintf(request->answer.text, sizeof request->answer.text, "owner is neither program nor cmemprof");
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

enum receiver_error view_request_read(struct view_request *request, const struct view *view) {
    enum receiver_error error =
        selection_parse(request->connection, "", &request->selection, request->answer.text, sizeof request->answer.text);
    if (error == RECEIVER_OK && view->kind == VIEW_DIFF) {
        const char *mode = argument(request, "mode");
        request->mode = mode && strcmp(mode, "total") == 0 ? DIFF_TOTAL : DIFF_PER_SECOND;
        if (mode && request->mode == DIFF_PER_SECOND && strcmp(mode, "per_second") != 0) {
            snprintf(request->answer.text, sizeof request->answer.text, "mode is neither total nor per_second");
            return RECEIVER_BAD_UPLOAD;
        }
        error = selection_parse(request->connection, "base.", &request->base_selection, request->answer.text, sizeof request->answer.text);
    }
    request->attachment = view->of_attachment ? argument(request, "attachment") : NULL;
    request->attachment = request->attachment && *request->attachment ? request->attachment : NULL;
    if (error == RECEIVER_OK && !request->attachment && !view->may_lack_it) {
        snprintf(request->answer.text, sizeof request->answer.text, "which attachment? attachment=NAME is missing");
        return RECEIVER_BAD_UPLOAD;
    }
    return error == RECEIVER_OK ? view_request_read_filter(request) : error;
}

enum receiver_error view_request_read_lists(struct view_request *request, const struct view *view) {
    struct catalog *catalog = store_catalog(request->api->store);
    if (view->kind == VIEW_ANALYSIS) {
        return overview_read(catalog, &request->selection, &request->overview);
    }
    bool of_files = view->kind == VIEW_LABELS || request->gauges.value == GAUGES_MAX;
    size_t most = view->kind == VIEW_METRICS ? METRICS_MAX_UPLOADS : of_files ? UPLOAD_LIST_FILES : UPLOAD_LIST_MAX;
    enum receiver_error error = upload_list_read(catalog, &request->selection, request->attachment, most, &request->list);
    if (error == RECEIVER_OK && view->kind == VIEW_DIFF) {
        error = upload_list_read(catalog, &request->base_selection, request->attachment, most, &request->base);
    }
    if (error == RECEIVER_OK && view->kind == VIEW_TYPES) { // its list of attachments covers all uploads, which the key must include
        error = upload_list_read(catalog, &request->selection, NULL, UPLOAD_LIST_MAX, &request->base);
    }
    if (error == RECEIVER_OK && request->list.count == 0 && !view->may_lack_it) {
        snprintf(request->answer.text, sizeof request->answer.text, "no upload of the selection has an attachment %.100s",
                 request->attachment);
        error = RECEIVER_NOT_FOUND;
    }
    return error;
}
