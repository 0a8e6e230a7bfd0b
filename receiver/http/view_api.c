// view_api.c: views over HTTP: caches answers, shares concurrent work, replies (view_api.h).
#include "view_api.h"
#include "../base/read_exact.h"
#include "../index/recording_conversion.h"
#include "../views/jfr_events.h"
#include "../views/recording.h"
#include "connections.h"
#include "reply.h"
#include "view_make.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CACHE_BYTES = 48 << 20 };

void view_api_init(struct view_api *api, struct store *store, size_t memory_bytes) {
    *api = (struct view_api){.store = store, .cache = cache_new(CACHE_BYTES)};
    single_flight_init(&api->flights);
    view_slots_init(&api->slots, memory_bytes);
}

void view_api_stop(struct view_api *api) {
    single_flight_stop(&api->flights);
}

void view_api_destroy(struct view_api *api) {
    cache_free(api->cache);
    single_flight_destroy(&api->flights);
    view_slots_destroy(&api->slots);
}

bool view_api_has(const char *path) {
    return view_find(path);
}

// ---- Cached answers ----

struct key {
    char *bytes;
    size_t size;
};

static void put_text(FILE *out, const char *text) {
    fputs(text ? text : "", out);
    fputc(0, out);
}

// Identifies the state of the files with symbols; also loads new ones.
static uint64_t look_for_symbols(const struct view_api *api) {
    const struct receiver_symbols *symbols = store_symbols(api->store);
    return symbols ? symbols->state(symbols->namer.context) : 0;
}

// A view of a selection, or of one attachment.
struct making {
    struct view_request *request;
    const char *path;
    const struct view *view;                  // NULL: of one attachment
    const struct view_attachment *attachment; // NULL: of a selection
    struct key key;
    struct flight *flight;
};

// Everything that the answer depends on. NULL bytes: no memory; then nothing is cached.
static struct key make_key(const struct making *making) {
    const struct view_request *request = making->request;
    struct key key = {0};
    uint64_t symbols = look_for_symbols(request->api);
    FILE *out = request->api->cache ? open_memstream(&key.bytes, &key.size) : NULL;
    if (!out) {
        return key;
    }
    const struct view_filter *filter = &request->filter;
    fprintf(out, "%" PRIu64 " ", symbols);
    put_text(out, making->path);
    if (making->attachment || (making->view && making->view->kind == VIEW_OWNERS)) {
        fprintf(out, "%" PRId64 " %" PRIu64 " %" PRIu64 " ", making->attachment ? making->attachment->id : 0, request->events_after,
                request->events_limit);
    }
    fprintf(out, "%" PRIu64 " ", request->columns);
    put_text(out, making->attachment ? making->attachment->name : request->attachment);
    put_text(out, request->type);
    put_text(out, filter->kind);
    put_text(out, filter->below);
    put_text(out, filter->group_by);
    put_text(out, request->report.address);
    put_text(out, request->report.title);
    put_text(out, request->report.grows);
    put_text(out, request->code.function);
    put_text(out, request->code.file);
    put_text(out, request->code.build_id);
    put_text(out, request->code.at);
    fprintf(out, "%d %d %d %d %d %d %d %d %d %zu", request->is_file, filter->memory, filter->owner, filter->by_line, filter->objects,
            request->mode, request->format, request->gauges.value, request->gauges.summed, filter->label_count);
    fprintf(out, " %d %d ", request->lanes, !!filter->packed);
    for (size_t i = 0; i < filter->label_count; i++) {
        put_text(out, filter->labels[i].key);
        put_text(out, filter->labels[i].text);
    }
    if (making->view) {
        upload_list_put_key(&request->list, making->view->of_measures, out);
        upload_list_put_key(&request->base, false, out);
        overview_put_key(&request->overview, out);
    }
    if (fclose(out) != 0) {
        free(key.bytes);
        key.bytes = NULL;
    }
    return key;
}

static enum receiver_error make_one(struct view_request *request, const char *view, const struct view_attachment *attachment,
                                    struct json *json);

// Those who asked may have left while it waited.
static enum receiver_error make(void *context) {
    const struct making *making = context;
    struct view_request *request = making->request;
    struct json *json = &request->answer.json;
    json_free(json);
    *request->answer.text = '\0';
    if (!flight_is_wanted(making->flight)) {
        return RECEIVER_CLIENT_GONE;
    }
    enum receiver_error error =
        making->view ? view_make(request, making->view->kind, json) : make_one(request, making->path, making->attachment, json);
    if (error == RECEIVER_OK && !packed_nodes_finish(&request->packed, json)) {
        error = RECEIVER_NO_MEMORY;
    }
    packed_nodes_free(&request->packed); // under the budget that they count against
    return error;
}

static enum receiver_error make_or_find(void *context, struct flight *flight, struct flight_result *answer) {
    struct making *making = context;
    struct view_request *request = making->request;
    struct json *json = &answer->json;
    const struct key *key = &making->key;
    void *bytes;
    size_t size;
    if (key->bytes && cache_get(request->api->cache, key->bytes, key->size, &bytes, &size)) {
        *json = (struct json){.bytes = bytes, .size = size, .capacity = size};
        return RECEIVER_OK;
    }
    making->flight = request->list.flight = request->base.flight = request->overview.flight = flight;
    enum receiver_error error = view_slots_run(&request->api->slots, make, making, answer->text, sizeof answer->text);
    if (key->bytes && error == RECEIVER_OK && !json_failed(json) && !request->is_passing) {
        cache_put(request->api->cache, key->bytes, key->size, json->bytes, json->size);
    }
    return error;
}

static bool client_has_left(const void *connection) {
    return connection_has_left(connection);
}

static enum receiver_error ask(struct making *making) {
    struct view_request *request = making->request;
    struct flight_caller caller = {connection_of(request->connection), client_has_left};
    making->key = make_key(making);
    enum receiver_error error = single_flight_do(&request->api->flights, making->key.bytes, making->key.bytes ? making->key.size : 0,
                                                 caller, make_or_find, making, &request->answer);
    free(making->key.bytes);
    return error;
}

// ---- Answering ----

// "cmemprof-report-shop.html", after the first part of its title, which is the service on most pages.
static const char *report_name(const struct view_request *request, char *name, size_t size) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
    const char *title = request->report.title ? request->report.title : "", *end = strstr(title, " \u00b7 ");
    size_t length = end ? (size_t)(end - title) : strlen(title), used = (size_t)snprintf(name, size, "cmemprof-report");
    bool is_gap = true; // one hyphen for all that a name of a file may not have
    for (size_t i = 0; i < length && used + sizeof ".html" + 1 < size; i++) {
        bool is_plain = strchr(plain, title[i]);
        if (is_plain && is_gap) {
            name[used++] = '-';
        }
        if (is_plain) {
            name[used++] = title[i];
        }
        is_gap = !is_plain;
    }
    snprintf(name + used, size - used, ".html");
    return name;
}

// "delta-heap.pprof" as folded stacks: "delta-heap.folded"; its growth "delta-heap.growth.pprof".
static const char *file_name(const struct view_request *request, const struct view *view, char *name, size_t size) {
    static const char *const ends[] = {".pprof", ".pb.gz", ".jfr"};
    const char *what = view->kind == VIEW_DIFF ? ".diff" : view->kind == VIEW_GROWTH ? ".growth" : "";
    const char *from = request->attachment;
    size_t length = strlen(from);
    if (request->format == EXPORT_PPROF && !*what) {
        return from;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (length > end && strcmp(from + length - end, ends[i]) == 0) {
            length -= end;
            break;
        }
    }
    snprintf(name, size, "%.*s%s%s", (int)length, from, what, export_suffix(request->format));
    return name;
}

// An unreadable profile is no malformed request: 422. A client that has gone gets nothing.
static enum MHD_Result reply(struct view_request *request, enum receiver_error error, bool bad_request, const struct view *view) {
    struct json *json = &request->answer.json;
    if (error == RECEIVER_OK && view && request->is_file) {
        char name[CATALOG_NAME_MAX_BYTES + 32];
        const char *as = view->kind == VIEW_REPORT ? report_name(request, name, sizeof name) : file_name(request, view, name, sizeof name);
        return reply_bytes(request->connection, json, as, NULL);
    }
    if (error == RECEIVER_OK) {
        return packed_nodes_are_in(json) ? reply_compressed(request->connection, json, "application/octet-stream")
                                         : reply_json(request->connection, json);
    }
    json_free(json);
    if (error == RECEIVER_CLIENT_GONE) {
        return MHD_NO;
    }
    bool unreadable = !bad_request && (error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE);
    unsigned status = unreadable ? MHD_HTTP_UNPROCESSABLE_CONTENT : reply_status(error);
    return reply_text(request->connection, status, *request->answer.text ? request->answer.text : receiver_error_text(error), NULL);
}

static enum receiver_error answer_view(struct view_request *request, const struct view *view, bool *bad_request) {
    enum receiver_error error = view_request_read(request, view);
    *bad_request = error != RECEIVER_OK;
    if (error == RECEIVER_OK) {
        error = view_request_read_lists(request, view);
    }
    return error == RECEIVER_OK ? ask(&(struct making){.request = request, .path = view->path, .view = view}) : error;
}

enum MHD_Result view_api_answer(struct view_api *api, struct MHD_Connection *connection, const char *path) {
    const struct view *view = view_find(path);
    struct view_request request;
    bool bad_request;
    view_request_init(&request, api, connection);
    enum receiver_error error = answer_view(&request, view, &bad_request);
    enum MHD_Result result = reply(&request, error, bad_request, view);
    view_request_free(&request);
    return result;
}

enum receiver_error view_api_get(struct view_api *api, struct MHD_Connection *connection, const char *path,
                                 const struct parameters *parameters, struct json *json, char *text, size_t text_size) {
    struct view_request request;
    bool bad_request;
    view_request_init(&request, api, connection);
    request.parameters = *parameters;
    enum receiver_error error = answer_view(&request, view_find(path), &bad_request);
    if (error == RECEIVER_OK) {
        *json = request.answer.json;
    } else {
        json_free(&request.answer.json);
        snprintf(text, text_size, "%s", *request.answer.text ? request.answer.text : receiver_error_text(error));
    }
    view_request_free(&request);
    return error;
}

// ---- One attachment ----

bool view_api_has_view(const char *view) {
    static const char *const views[] = {"types", "tree", "jfr", "events", "runtime"};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (strcmp(view, views[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum receiver_error make_one_tree(struct view_request *request, const char *bytes, size_t size, struct json *json) {
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

static enum receiver_error make_events(struct view_request *request, const char *bytes, size_t size, struct json *json) {
    const struct jfr_events_query query = {
        .type = request->type, .after = request->events_after, .limit = request->events_limit, .flight = request->list.flight};
    return jfr_events_write(bytes, size, &query, json, request->answer.text, sizeof request->answer.text);
}

static enum receiver_error make_view(struct view_request *request, const char *view, const char *bytes, size_t size, struct json *json) {
    return strcmp(view, "types") == 0 ? view_types(bytes, size, json, request->answer.text, sizeof request->answer.text)
                                      : make_one_tree(request, bytes, size, json);
}

static enum receiver_error make_view_of_recording(struct view_request *request, const char *view, const struct view_attachment *attachment,
                                                  const char *bytes, struct json *json) {
    struct conversion recording;
    const struct conversion_key key = {attachment->id, attachment->name, view_asks_time(&request->filter) ? CONVERSION_STEP_NS : 0};
    enum receiver_error error = conversion_of(store_conversions(request->api->store), &key, bytes, attachment->size, &recording,
                                              request->answer.text, sizeof request->answer.text);
    if (error == RECEIVER_OK) {
        error = make_view(request, view, (const char *)recording.profile, recording.profile_size, json);
        conversion_free(&recording);
    }
    return error;
}

static enum receiver_error make_one(struct view_request *request, const char *view, const struct view_attachment *attachment,
                                    struct json *json) {
    size_t size = attachment->size;
    if (!merge_budget_take(size + 1)) {
        return RECEIVER_NO_MEMORY;
    }
    char *bytes = malloc(size + 1);
    bool is_there = bytes && lseek(attachment->file, 0, SEEK_SET) == 0;
    enum receiver_error error = is_there ? read_exact(attachment->file, bytes, size) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        char *text = request->answer.text;
        size_t text_size = sizeof request->answer.text;
        error = strcmp(view, "jfr") == 0                 ? recording_write(bytes, size, json, text, text_size)
                : strcmp(view, "runtime") == 0           ? recording_write_facts(bytes, size, json, text, text_size)
                : strcmp(view, "events") == 0            ? make_events(request, bytes, size, json)
                : catalog_is_recording(attachment->name) ? make_view_of_recording(request, view, attachment, bytes, json)
                                                         : make_view(request, view, bytes, size, json);
    }
    free(bytes);
    merge_budget_give(size + 1);
    return error;
}

enum MHD_Result view_api_attachment(struct view_api *api, struct MHD_Connection *connection, const char *view,
                                    const struct view_attachment *attachment) {
    struct view_request request;
    view_request_init(&request, api, connection);
    enum receiver_error error = view_request_read_filter(&request);
    error = error == RECEIVER_OK ? view_request_of_one(&request) : error;
    bool bad_request = error != RECEIVER_OK;
    if (error == RECEIVER_OK) {
        error = ask(&(struct making){.request = &request, .path = view, .attachment = attachment});
    }
    close(attachment->file);
    enum MHD_Result result = reply(&request, error, bad_request, NULL);
    view_request_free(&request);
    return result;
}
