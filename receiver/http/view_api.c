// view_api.c: the paths that look into profiles (view_api.h).
#include "view_api.h"
#include "../analysis/analysis.h"
#include "../base/read_exact.h"
#include "../index/measures.h"
#include "../views/diff.h"
#include "../views/jfr.h"
#include "../views/labels.h"
#include "../views/merge_export.h"
#include "../views/metrics.h"
#include "../views/upload_types.h"
#include "connections.h"
#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_VIEWS = 2, CACHE_BYTES = 48 << 20, TEXT_BYTES = 256 };

void view_api_init(struct view_api *api, struct store *store) {
    *api = (struct view_api){.store = store, .cache = cache_new(CACHE_BYTES)};
    single_flight_init(&api->flights);
    sem_init(&api->view_slots, 0, MAX_VIEWS);
}

void view_api_destroy(struct view_api *api) {
    cache_free(api->cache);
    single_flight_destroy(&api->flights);
    sem_destroy(&api->view_slots);
}

static void take_view_slot(struct view_api *api) {
    while (sem_wait(&api->view_slots) != 0) {
    }
}

// ---- Parameters ----

struct request {
    struct view_api *api;
    struct MHD_Connection *connection;
    struct selection selection, base_selection;
    struct upload_list list, base;
    struct overview overview; // of the analysis, in place of a list
    const char *attachment, *type;
    enum diff_mode mode;
    struct gauges gauges;
    struct view_filter filter;
    char *label_texts[VIEW_MAX_LABELS]; // "KEY\0VALUE"
    char shown[TEXT_BYTES];             // the type where none was asked for
    struct flight_result answer;
};

static const char *argument(const struct request *request, const char *key) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, key);
}

static enum MHD_Result take_label(void *state, enum MHD_ValueKind kind, const char *key, const char *value) {
    struct request *request = state;
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

// How gauges of many uploads become one value (gauges.h).
static void read_gauges(struct request *request) {
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

static enum receiver_error read_filter(struct request *request) {
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
    read_gauges(request);
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_label, request);
    if (filter->memory == VIEW_ALL && *memory) {
        snprintf(request->answer.text, sizeof request->answer.text, "memory is neither C nor Go");
    } else if (filter->owner == VIEW_ANYONES && *owner) {
        snprintf(request->answer.text, sizeof request->answer.text, "owner is neither program nor cmemprof");
    } else if (filter->below && (strlen(filter->below) > 8 || filter->below[strspn(filter->below, "0123456789abcdefABCDEF")])) {
        snprintf(request->answer.text, sizeof request->answer.text, "below is no number of 32 bits in hex");
    } else if (filter->kind && !view_is_kind(filter->kind)) {
        snprintf(request->answer.text, sizeof request->answer.text,
                 "kind is none of go, runtime, c, c_runtime, python, python_runtime, node, node_runtime");
    }
    return *request->answer.text ? RECEIVER_BAD_UPLOAD : RECEIVER_OK;
}

static void free_request(struct request *request) {
    for (size_t i = 0; i < request->filter.label_count; i++) {
        free(request->label_texts[i]);
    }
    upload_list_free(&request->list);
    upload_list_free(&request->base);
    overview_free(&request->overview);
    selection_free(&request->selection);
    selection_free(&request->base_selection);
}

// ---- The views ----

static enum receiver_error merge_list(struct request *request, const struct upload_list *list, struct profile **profile,
                                      struct sweep_report *report) {
    const char *keys[VIEW_MAX_LABELS];
    for (size_t i = 0; i < request->filter.label_count; i++) {
        keys[i] = request->filter.labels[i].key;
    }
    enum receiver_error error = merge_uploads(request->api->store, request->api->cache, list, request->attachment, keys,
                                              request->filter.label_count, profile, report);
    if (error == RECEIVER_OK && report->uploads == 0 && report->failed_count > 0) {
        profile_free(*profile);
        *profile = NULL;
        snprintf(request->answer.text, sizeof request->answer.text, "%s", report->failed[0].reason);
        return RECEIVER_BAD_UPLOAD;
    }
    return error == RECEIVER_OK ? view_name(profile, store_symbols(request->api->store)) : error;
}

// The uploads that the value of a gauge comes of.
static enum receiver_error pick_uploads(struct request *request, const struct upload_list *list, struct gauges of, const char *type,
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

// The name of the type that is asked for, maybe by its place, or shown where none is, becomes the request's.
static enum receiver_error choose_type(struct request *request) {
    enum receiver_error error = RECEIVER_OK;
    if (!request->type || !*request->type || is_index(request->type)) {
        char wanted[TEXT_BYTES];
        snprintf(wanted, sizeof wanted, "%s", request->type ? request->type : "");
        error =
            upload_types_choose(request->api->store, &request->list, request->attachment, wanted, request->shown, sizeof request->shown);
        request->type = request->shown;
    }
    return error;
}

// Of a type that is no gauge all uploads count.
static struct gauges gauges_of_type(const struct request *request) {
    bool of_gauge = request->type && measure_is_gauge(request->type);
    return (struct gauges){of_gauge ? request->gauges.value : GAUGES_MEAN, request->gauges.summed};
}

static enum receiver_error merge_picked(struct request *request, const struct upload_list *list, struct gauges of, const char *type,
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

static enum receiver_error merge(struct request *request, const struct upload_list *list, struct profile **profile,
                                 struct sweep_report *report) {
    enum receiver_error error = request->gauges.value == GAUGES_MEAN ? RECEIVER_OK : choose_type(request);
    return error == RECEIVER_OK ? merge_picked(request, list, gauges_of_type(request), request->type, profile, report) : error;
}

static enum receiver_error make_types(struct request *request, struct json *json) {
    json_object_begin(json);
    enum receiver_error error = upload_types_write_attachments(store_catalog(request->api->store), &request->selection, json);
    if (error == RECEIVER_OK && request->attachment) {
        error = upload_types_write(request->api->store, &request->list, request->attachment, request->gauges, json);
    }
    json_object_end(json);
    return error;
}

static enum receiver_error make_tree(struct request *request, struct json *json) {
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

// What all gauges of the file come of: the moment is that of one of them, whatever the type. *moment is NULL where max has none.
static enum receiver_error merge_moment(struct request *request, struct profile **moment, struct sweep_report *report) {
    char type[TEXT_BYTES] = "";
    enum receiver_error error =
        upload_types_choose_gauge(request->api->store, &request->list, request->attachment, request->type, type, sizeof type);
    bool there = request->gauges.value != GAUGES_MAX || *type;
    return error == RECEIVER_OK && there ? merge_picked(request, &request->list, request->gauges, type, moment, report) : error;
}

// The merged profile itself, for go tool pprof and others (merge_export.h).
static enum receiver_error make_profile(struct request *request, struct json *out) {
    struct profile *all = NULL, *moment = NULL;
    struct sweep_report report, moment_report = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum receiver_error error = merge_list(request, &request->list, &all, &report);
    if (error == RECEIVER_OK && request->gauges.value != GAUGES_MEAN) {
        error = merge_moment(request, &moment, &moment_report);
    }
    report.gauges = (struct sweep_gauges){request->gauges, gauges_at_once(&request->list), report.uploads};
    if (error == RECEIVER_OK) {
        error = merge_export_finish(all, &report, moment, &moment_report);
    }
    if (error == RECEIVER_OK) {
        error = profile_encode(all, MERGE_GZIP, &bytes, &size) == MERGE_OK ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    profile_free(all);
    profile_free(moment);
    *out = (struct json){.bytes = (char *)bytes, .size = size, .capacity = size};
    return error;
}

static enum receiver_error make_diff(struct request *request, struct json *json) {
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

// Of the uploads that the type's value comes of.
static enum receiver_error count_labels(struct request *request, const struct upload_list *picked, struct sweep_report *report,
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

static enum receiver_error make_labels(struct request *request, struct json *json) {
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

static enum receiver_error make_metrics(struct request *request, struct json *json) {
    struct metrics *metrics;
    enum receiver_error error = metrics_read(request->api->store, &request->list, &metrics);
    if (error == RECEIVER_OK) {
        metrics_write(metrics, json);
        metrics_free(metrics);
    }
    return error;
}

static enum receiver_error make_analysis(struct request *request, struct json *json) {
    return analysis_write(request->api->store, &request->overview, request->filter.owner == VIEW_PROFILERS, json);
}

struct view {
    const char *path;
    enum receiver_error (*make)(struct request *request, struct json *json);
    bool of_attachment; // of the uploads that have it
    bool may_lack_it;
    bool of_measures; // which come a moment after their upload
};
static const struct view views[] = {
    {"/api/types", make_types, true, true, false},        {"/api/tree", make_tree, true, false, false},
    {"/api/profile", make_profile, true, false, false},   {"/api/diff", make_diff, true, false, false},
    {"/api/labels", make_labels, true, false, false},     {"/api/metrics", make_metrics, false, true, true},
    {"/api/analysis", make_analysis, false, true, false},
};

static const struct view *find_view(const char *path) {
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (strcmp(path, views[i].path) == 0) {
            return &views[i];
        }
    }
    return NULL;
}

bool view_api_has(const char *path) {
    return find_view(path);
}

// ---- Answers that are kept ----

struct key {
    char *bytes;
    size_t size;
};

static void put_text(FILE *out, const char *text) {
    fputs(text ? text : "", out);
    fputc(0, out);
}

// A number for the files with symbols; those that have come since the last view are found from here on.
static uint64_t look_for_symbols(const struct view_api *api) {
    const struct receiver_symbols *symbols = store_symbols(api->store);
    return symbols ? symbols->state(symbols->namer.context) : 0;
}

// All that the answer depends on. NULL bytes: no memory; then nothing is found or kept.
static struct key make_key(const struct request *request, const struct view *view) {
    struct key key = {0};
    uint64_t symbols = look_for_symbols(request->api);
    FILE *out = request->api->cache ? open_memstream(&key.bytes, &key.size) : NULL;
    if (!out) {
        return key;
    }
    const struct view_filter *filter = &request->filter;
    fprintf(out, "%" PRIu64 " ", symbols);
    put_text(out, view->path);
    put_text(out, request->attachment);
    put_text(out, request->type);
    put_text(out, filter->kind);
    put_text(out, filter->below);
    fprintf(out, "%d %d %d %d %d %zu", filter->memory, filter->owner, request->mode, request->gauges.value, request->gauges.summed,
            filter->label_count);
    for (size_t i = 0; i < filter->label_count; i++) {
        put_text(out, filter->labels[i].key);
        put_text(out, filter->labels[i].text);
    }
    upload_list_put_key(&request->list, view->of_measures, out);
    upload_list_put_key(&request->base, false, out);
    overview_put_key(&request->overview, out);
    if (fclose(out) != 0) {
        free(key.bytes);
        key.bytes = NULL;
    }
    return key;
}

struct making {
    struct request *request;
    const struct view *view;
    struct key key;
};

static enum receiver_error make_or_find(void *context, struct flight *flight, struct flight_result *answer) {
    const struct making *making = context;
    struct request *request = making->request;
    struct json *json = &answer->json;
    const struct key *key = &making->key;
    void *bytes;
    size_t size;
    if (key->bytes && cache_get(request->api->cache, key->bytes, key->size, &bytes, &size)) {
        *json = (struct json){.bytes = bytes, .size = size, .capacity = size};
        return RECEIVER_OK;
    }
    request->list.flight = request->base.flight = request->overview.flight = flight;
    take_view_slot(request->api);
    enum receiver_error error = making->view->make(request, json);
    sem_post(&request->api->view_slots);
    if (key->bytes && error == RECEIVER_OK && !json_failed(json)) {
        cache_put(request->api->cache, key->bytes, key->size, json->bytes, json->size);
    }
    return error;
}

static bool client_has_left(const void *connection) {
    return connection_has_left(connection);
}

static enum receiver_error ask(struct request *request, const struct view *view) {
    struct making making = {request, view, make_key(request, view)};
    enum receiver_error error = single_flight_do(&request->api->flights, making.key.bytes, making.key.bytes ? making.key.size : 0,
                                                 (struct flight_caller){connection_of(request->connection), client_has_left}, make_or_find,
                                                 &making, &request->answer);
    free(making.key.bytes);
    return error;
}

// ---- Answering ----

// A profile that cannot be read is no fault of the request's form: 422. Who has left gets nothing.
static enum MHD_Result reply(struct request *request, enum receiver_error error, bool bad_request, const struct view *view) {
    struct json *json = &request->answer.json;
    if (error == RECEIVER_OK && view && view->make == make_profile) {
        return reply_bytes(request->connection, json, request->attachment, NULL);
    }
    if (error == RECEIVER_OK) {
        return reply_json(request->connection, json);
    }
    json_free(json);
    if (error == RECEIVER_CLIENT_GONE) {
        return MHD_NO;
    }
    bool unreadable = !bad_request && (error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE);
    unsigned status = unreadable ? MHD_HTTP_UNPROCESSABLE_CONTENT : reply_status(error);
    return reply_text(request->connection, status, *request->answer.text ? request->answer.text : receiver_error_text(error), NULL);
}

// Everything a view is made of. RECEIVER_BAD_UPLOAD: the request is malformed.
static enum receiver_error read_request(struct request *request, const struct view *view) {
    enum receiver_error error =
        selection_parse(request->connection, "", &request->selection, request->answer.text, sizeof request->answer.text);
    if (error == RECEIVER_OK && view->make == make_diff) {
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
    return error == RECEIVER_OK ? read_filter(request) : error;
}

static enum receiver_error read_lists(struct request *request, const struct view *view) {
    struct catalog *catalog = store_catalog(request->api->store);
    if (view->make == make_analysis) {
        return overview_read(catalog, &request->selection, &request->overview);
    }
    enum receiver_error error = upload_list_read(catalog, &request->selection, request->attachment, &request->list);
    if (error == RECEIVER_OK && view->make == make_diff) {
        error = upload_list_read(catalog, &request->base_selection, request->attachment, &request->base);
    }
    if (error == RECEIVER_OK && view->make == make_types) { // its list of attachments is of all uploads: a part of the key
        error = upload_list_read(catalog, &request->selection, NULL, &request->base);
    }
    if (error == RECEIVER_OK && request->list.count == 0 && !view->may_lack_it) {
        snprintf(request->answer.text, sizeof request->answer.text, "no upload of the selection has an attachment %.100s",
                 request->attachment);
        error = RECEIVER_NOT_FOUND;
    }
    return error;
}

enum MHD_Result view_api_answer(struct view_api *api, struct MHD_Connection *connection, const char *path) {
    const struct view *view = find_view(path);
    struct request request = {.api = api, .connection = connection};
    selection_init(&request.selection);
    selection_init(&request.base_selection);
    enum receiver_error error = read_request(&request, view);
    bool bad_request = error != RECEIVER_OK;
    if (error == RECEIVER_OK) {
        error = read_lists(&request, view);
    }
    if (error == RECEIVER_OK) {
        error = ask(&request, view);
    }
    enum MHD_Result result = reply(&request, error, bad_request, view);
    free_request(&request);
    return result;
}

// ---- One attachment ----

bool view_api_has_view(const char *view) {
    return strcmp(view, "types") == 0 || strcmp(view, "tree") == 0 || strcmp(view, "jfr") == 0;
}

static enum receiver_error make_one_tree(struct request *request, const char *bytes, size_t size, struct json *json) {
    struct profile *profile;
    enum receiver_error error = view_open(bytes, size, &profile, request->answer.text, sizeof request->answer.text);
    error = error == RECEIVER_OK ? view_name(&profile, store_symbols(request->api->store)) : error;
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        error = view_tree(profile, request->type, NULL, &request->filter, json, request->answer.text, sizeof request->answer.text);
        json_object_end(json);
        profile_free(profile);
    }
    return error;
}

static enum receiver_error make_one(struct request *request, const char *view, int file, size_t size, struct json *json) {
    char *bytes = malloc(size + 1);
    enum receiver_error error = bytes ? read_exact(file, bytes, size) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        error = strcmp(view, "types") == 0 ? view_types(bytes, size, json, request->answer.text, sizeof request->answer.text)
                : strcmp(view, "jfr") == 0 ? jfr_write(bytes, size, json, request->answer.text, sizeof request->answer.text)
                                           : make_one_tree(request, bytes, size, json);
    }
    free(bytes);
    return error;
}

enum MHD_Result view_api_attachment(struct view_api *api, struct MHD_Connection *connection, const char *view, int file, size_t size) {
    struct request request = {.api = api, .connection = connection};
    enum receiver_error error = read_filter(&request);
    bool bad_request = error != RECEIVER_OK;
    if (error == RECEIVER_OK) {
        take_view_slot(api);
        look_for_symbols(api);
        error = make_one(&request, view, file, size, &request.answer.json);
        sem_post(&api->view_slots);
    }
    close(file);
    enum MHD_Result result = reply(&request, error, bad_request, NULL);
    free_request(&request);
    return result;
}
