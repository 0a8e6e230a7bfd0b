// requests.c: dispatches each request (requests.h).
#include "requests.h"
#include "../base/clock.h"
#include "base/counters.h"
#include "http/agent.h"
#include "http/assets.h"
#include "http/edits.h"
#include "http/mcp_post.h"
#include "http/page_ahead.h"
#include "http/reply.h"
#include "http/reply_protocol.h"
#include "http/routes.h"
#include "store/ingest.h"
#include "store/protocol_upload.h"
#include "store/symbol_upload.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE_BODY_BYTES = 1 << 20 }; // in other protocols: read by the threads that make views

// A request, between the calls that libmicrohttpd makes for it.
struct request {
    struct receiver *receiver;
    struct MHD_Connection *connection;
    const char *path;      // libmicrohttpd's, valid during the request, without the base path and a leading token
    const char *token;     // for a browser to log in
    const char *method;    // libmicrohttpd's too
    int64_t begun_ms;      // since 1970
    uint64_t begun_ns;     // monotonic
    struct ingest *ingest; // an upload
    struct symbol_upload *symbols;
    struct protocol_upload *other; // an upload in another protocol
    struct edit edit;              // it changes what is stored
    struct mcp_post mcp;           // it is a message of the Model Context Protocol
    unsigned status;               // if not 0: the refusal to send after the body
    const char *reason, *allow;
    bool get, log_in, dropped, answered;
    bool is_slow;               // of monitor.h
    int64_t ahead;              // the upload whose page it is (page_ahead.h); 0: none
    bool sends, waits, counted; // it is an upload; for the start; counters.h has what became of it
    size_t body_bytes;
};

static void refuse(struct request *request, unsigned status, const char *reason, const char *allow) {
    request->status = status;
    request->reason = reason;
    request->allow = allow;
}

// What became of an upload, once. outcome: enum receiver_error or enum counters_refusal.
static void count(struct request *request, unsigned outcome) {
    if (request->sends && !request->counted) {
        request->counted = true;
        counters_add(&store_counters(request->receiver->store)->outcomes[outcome], 1);
    }
}

static void count_refusal(struct request *request, unsigned status) {
    count(request, status == MHD_HTTP_UNAUTHORIZED         ? COUNTERS_UNAUTHORIZED
                   : status == MHD_HTTP_FORBIDDEN          ? COUNTERS_FORBIDDEN
                   : status == MHD_HTTP_TOO_MANY_REQUESTS  ? COUNTERS_GUESSING
                   : status == MHD_HTTP_METHOD_NOT_ALLOWED ? COUNTERS_METHOD
                   : status == MHD_HTTP_BAD_REQUEST        ? RECEIVER_BAD_UPLOAD
                                                           : RECEIVER_NO_MEMORY);
}

// ---- Headers are complete, the body is not ----

static bool is_let_in(struct request *request, const char *method, enum access_action act, const char *path_token) {
    const char *reason = NULL;
    switch (access_check(&request->receiver->entrance.access, request->connection, act, path_token, &reason)) {
    case ACCESS_ALLOWED:
        return true;
    case ACCESS_LOGIN:
        request->log_in = strcmp(method, "GET") == 0 && base_path_asset(&request->receiver->entrance.base, request->path);
        request->token = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "token");
        return true;
    case ACCESS_FORBIDDEN:
    case ACCESS_ROLE:
        refuse(request, MHD_HTTP_FORBIDDEN, reason, NULL);
        break;
    case ACCESS_UNAUTHORIZED:
        refuse(request, MHD_HTTP_UNAUTHORIZED, reason, NULL);
        break;
    case ACCESS_GUESSING:
        refuse(request, MHD_HTTP_TOO_MANY_REQUESTS, reason, NULL);
        break;
    case ACCESS_AMBIGUOUS:
        refuse(request, MHD_HTTP_BAD_REQUEST, reason, NULL);
        break;
    }
    return false;
}

static void begin_request(struct request *request, const char *method, const char *token) {
    const char *path = request->path;
    const struct protocol *protocol = protocol_of(path);
    bool import = route_is_import(path), symbols = route_is_symbols(path), upload = request->sends;
    request->dropped = agent_takes(path);
    request->get = route_is_get(method);
    bool sends = upload || agent_is_asked(path);
    const char *allow;
    bool changes = edit_find(path, method, &request->edit, &allow);
    enum access_action act = request->edit.route ? edit_access(&request->edit)
                             : symbols           ? ACCESS_SEND_SYMBOLS
                             : sends             ? ACCESS_SEND
                                                 : ACCESS_READ;
    if (!monitor_is_probe(path) && !is_let_in(request, method, act, token)) {
        return;
    }
    if (request->edit.route) {
        return;
    }
    if (request->receiver->answerer && mcp_post_is_path(path)) {
        request->mcp.answerer = strcmp(method, "POST") == 0 ? request->receiver->answerer : NULL;
        if (!request->mcp.answerer) {
            refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "messages of the Model Context Protocol are sent with POST", "POST");
        }
        return;
    }
    bool read_only = !symbols && !upload && (strcmp(path, "/info") == 0 || monitor_has(path) || api_has(path) || asset_find(path));
    if (!upload && !symbols && !request->dropped && !read_only) {
        refuse(request, MHD_HTTP_NOT_FOUND, "no such path", NULL);
    } else if (import && !route_is_post(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "files are sent with POST or PUT", "POST, PUT");
    } else if (upload && !import && strcmp(method, "POST") != 0) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "uploads are sent with POST", "POST");
    } else if (symbols && !route_is_post(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "files with symbols are sent with POST or PUT", "POST, PUT");
    } else if (symbols && !store_symbols(request->receiver->store)) {
        refuse(request, MHD_HTTP_NOT_FOUND, "there is no directory for symbols: cmemprof receiver --symbols DIR", NULL);
    } else if (request->dropped && !route_is_post(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "this is sent with POST or PUT", "POST, PUT");
    } else if (read_only && !route_is_get(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, changes ? "this path has other methods" : "this path is only read, with GET",
               changes ? allow : "GET, HEAD");
    } else if (symbols) {
        const char *text;
        struct receiver *receiver = request->receiver;
        enum receiver_error error =
            symbol_upload_begin(store_symbols(receiver->store), &receiver->symbol_uploads, &request->symbols, &text);
        if (error != RECEIVER_OK) {
            refuse(request, reply_status(error), text, NULL);
        }
    } else if (protocol) {
        struct receiver *receiver = request->receiver;
        request->other =
            protocol_upload_new(protocol, receiver->store, request->connection, &receiver->protocol_budget, receiver->max_body_bytes);
        if (!request->other) {
            refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
        }
    } else if (upload) {
        request->ingest = ingest_new(request->receiver->store, request->connection, import ? INGEST_IMPORT : INGEST_UPLOAD,
                                     &request->receiver->foreign_budget, request->receiver->max_body_bytes);
        if (!request->ingest) {
            refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
        }
    }
}

// Returns false if the client sends more than will be read.
static bool take_body(struct request *request, const char *bytes, size_t size) {
    struct receiver *receiver = request->receiver;
    if (!monitor_is_probe(request->path)) { // they come without the gate: there may be no store yet
        counters_add(&store_counters(receiver->store)->body_bytes, size);
    }
    connections_received(&receiver->connections, connection_of(request->connection), size, connections_now_ms());
    request->body_bytes += size;
    if (request->ingest) {
        return ingest_data(request->ingest, bytes, size);
    }
    if (request->other) {
        return protocol_upload_data(request->other, bytes, size);
    }
    if (request->symbols) {
        return symbol_upload_data(request->symbols, bytes, size);
    }
    if (request->edit.route) {
        return edit_data(&request->edit, bytes, size);
    }
    if (request->mcp.answerer) {
        return mcp_post_data(&request->mcp, bytes, size);
    }
    return request->body_bytes <= receiver->max_body_bytes;
}

// ---- The request is complete ----

// Called by group commit, or at once.
static void on_ingested(void *context) {
    struct request *request = context;
    int64_t id;
    const char *reason, *refused;
    enum receiver_error error = ingest_result(request->ingest, &id, &reason, &refused);
    count(request, error);
    if (error != RECEIVER_OK) {
        reply_text(request->connection, reply_status(error), reason, NULL);
    } else {
        reply_stored(request->connection, id, refused);
    }
    MHD_resume_connection(request->connection); // the request may be freed from here on
}

static void on_event(void *context) {
    struct request *request = context;
    if (atomic_load(&request->receiver->stopping)) { // it was queued
        reply_text(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_BUSY), NULL);
        MHD_resume_connection(request->connection);
        return;
    }
    ingest_finish(request->ingest, on_ingested, request);
}

static void on_other_ended(void *context) {
    struct request *request = context;
    const char *reason;
    enum receiver_error error = protocol_upload_result(request->other, &reason);
    count(request, error);
    reply_protocol(request->connection, request->other->protocol->answer, error, reason);
    MHD_resume_connection(request->connection);
}

static void on_other(void *context) {
    struct request *request = context;
    if (atomic_load(&request->receiver->stopping)) { // it was queued
        reply_protocol(request->connection, request->other->protocol->answer, RECEIVER_BUSY, receiver_error_text(RECEIVER_BUSY));
        MHD_resume_connection(request->connection);
        return;
    }
    protocol_upload_finish(request->other, on_other_ended, request);
}

static void answer_symbols(struct request *request) {
    char build_id[RECEIVER_BUILD_ID_BYTES], text[160];
    struct json json = {0};
    enum receiver_error error = symbol_upload_finish(request->symbols, build_id, text, sizeof text);
    if (error != RECEIVER_OK) {
        reply_text(request->connection, reply_status(error), text, NULL);
        return;
    }
    json_object_begin(&json);
    json_key(&json, "build_id");
    json_text(&json, build_id);
    json_object_end(&json);
    reply_kept(request->connection, &json);
}

static void on_symbols(void *context) {
    struct request *request = context;
    answer_symbols(request);
    MHD_resume_connection(request->connection);
}

// Views that it asks for count against the views' memory; what is made of them is beside it, since it may wait for a view.
static void answer_message(struct request *request) {
    struct receiver *receiver = request->receiver;
    struct merge_budget own = {.limit_bytes = SIZE_MAX, .within = &receiver->answer_budget};
    struct merge_budget *before = merge_use_budget(&own);
    mcp_post_answer(&request->mcp, &receiver->api, &receiver->entrance.access, request->connection);
    merge_use_budget(before);
}

static void answer_page(struct request *request) {
    const struct receiver *receiver = request->receiver;
    const struct base_path *base = &receiver->entrance.base;
    const struct parameters parameters = parameters_of(request->connection);
    char link[PAGE_AHEAD_BYTES];
    bool any = page_ahead_write(store_catalog(receiver->store), request->ahead, &parameters, base->text, link);
    reply_asset(request->connection, MHD_HTTP_OK, base_path_asset(base, request->path), any ? link : NULL);
}

static void answer_job(struct request *request) {
    struct receiver *receiver = request->receiver;
    if (request->ahead) {
        answer_page(request);
    } else if (request->edit.route) {
        edit_answer(&request->edit, receiver->store, request->connection);
    } else if (request->mcp.answerer) {
        answer_message(request);
    } else if (monitor_has(request->path)) {
        monitor_answer(&receiver->monitor, request->connection, request->path, true);
    } else {
        api_answer(&receiver->api, request->connection, request->path);
    }
}

static void on_job(void *context) {
    struct request *request = context;
    if (atomic_load(&request->receiver->stopping)) {
        reply_text(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_BUSY), NULL);
    } else if (!connection_has_left(connection_of(request->connection))) { // it was queued
        answer_job(request);
    }
    MHD_resume_connection(request->connection);
}

// Unknown address, mistyped or from an old link: the page reports it with its full navigation.
static bool wants_page(const struct request *request) {
    const char *accept = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    return request->status == MHD_HTTP_NOT_FOUND && request->get && accept && strstr(accept, "text/html") &&
           strncmp(request->path, "/api/", 5) != 0;
}

// Answers now, or suspends the connection and has another thread answer.
static void answer(struct request *request) {
    struct receiver *receiver = request->receiver;
    const struct asset *asset = base_path_asset(&request->receiver->entrance.base, request->path);
    if (wants_page(request)) {
        reply_asset(request->connection, request->status, base_path_asset(&request->receiver->entrance.base, "/"), NULL);
    } else if (request->status) {
        count_refusal(request, request->status);
        reply_text(request->connection, request->status, request->reason, request->allow);
    } else if (monitor_has(request->path) && !request->is_slow) {
        monitor_answer(&receiver->monitor, request->connection, request->path, false);
    } else if (request->log_in) {
        char cookie[ACCESS_COOKIE_BYTES];
        access_cookie(&receiver->entrance.access, request->connection, request->token, cookie);
        reply_login(request->connection, receiver->entrance.base.text, request->path, cookie);
    } else if (request->dropped) {
        agent_answer(request->connection, request->path);
    } else if (asset && !request->ahead) {
        reply_asset(request->connection, MHD_HTTP_OK, asset, NULL);
    } else if (strcmp(request->path, "/info") == 0) {
        agent_info(request->connection);
    } else if (request->ingest && !ingest_takes_time(request->ingest)) {
        MHD_suspend_connection(request->connection);
        on_event(request);
    } else {
        bool converts =
            (request->ingest && ingest_converts(request->ingest)) || (request->other && request->other->body.size > LARGE_BODY_BYTES);
        bool is_heavy = request->symbols || converts || api_cost(&receiver->api, request->path) == API_HEAVY;
        struct thread_pool *pool = request->mcp.answerer ? receiver->answering : is_heavy ? receiver->heavy : receiver->light;
        void (*job)(void *context) = request->ingest ? on_event : request->other ? on_other : request->symbols ? on_symbols : on_job;
        MHD_suspend_connection(request->connection);
        if (!thread_pool_add(pool, job, request)) {
            count(request, RECEIVER_BUSY);
            reply_text(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_BUSY), NULL);
            MHD_resume_connection(request->connection);
        }
    }
}

// ---- Callbacks of libmicrohttpd ----

static void log_request(const struct request *request) {
    const struct connection *connection = connection_of(request->connection);
    const struct access_log_request line = {.connection = request->connection,
                                            .method = request->method,
                                            .path = request->path,
                                            .status = connection ? connection->status : 0,
                                            .body_bytes = request->body_bytes,
                                            .begun_ms = request->begun_ms,
                                            .ms = (double)((clock_ns(CLOCK_MONOTONIC) - request->begun_ns) / 1000) / 1000};
    access_log_add(request->receiver->access_log, &line);
}

static bool announces_too_much(struct MHD_Connection *connection, size_t limit) {
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > limit;
}

// Returns false if the request has to wait for the start: it comes again then.
static bool may_enter(struct request *request, enum MHD_Result *result) {
    struct receiver *receiver = request->receiver;
    if (request->waits || monitor_is_probe(request->path)) {
        return true;
    }
    connections_enter(&receiver->connections, connection_of(request->connection), CONNECTION_ANSWER, connections_now_ms());
    enum gate_answer answer = gate_enter(&receiver->gate, request->connection);
    request->waits = answer == GATE_WAIT;
    *result = answer == GATE_FULL ? MHD_NO : MHD_YES;
    return answer == GATE_PASS;
}

static enum MHD_Result begin(struct receiver *receiver, struct MHD_Connection *connection, const char *path, const char *method,
                             void **request_state) {
    struct request *request = *request_state ? *request_state : calloc(1, sizeof *request);
    enum MHD_Result result;
    *request_state = request;
    if (!request || !connection_of(connection)) {
        return MHD_NO;
    }
    char token[ACCESS_TOKEN_MAX + 2];
    *request = (struct request){.receiver = receiver,
                                .connection = connection,
                                .path = access_path(base_path_strip(&receiver->entrance.base, path), token),
                                .method = method,
                                .begun_ms = request->begun_ms ? request->begun_ms : (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000),
                                .begun_ns = request->begun_ns ? request->begun_ns : clock_ns(CLOCK_MONOTONIC),
                                .waits = request->waits};
    connection_of(connection)->status = 0; // of the request before
    if (!may_enter(request, &result)) {
        return result;
    }
    request->waits = false;
    if (!monitor_is_probe(request->path) && !receiver->is_whole) { // the start has failed
        return MHD_NO;
    }
    request->sends = route_has_uploads(request->path);
    connections_enter(&receiver->connections, connection_of(connection), CONNECTION_BODY, connections_now_ms());
    if (announces_too_much(connection, route_is_symbols(request->path) ? SYMBOL_UPLOAD_MAX_BYTES : receiver->max_body_bytes)) {
        count(request, RECEIVER_TOO_LARGE);
        const struct protocol *protocol = protocol_of(request->path);
        reply_protocol(connection, protocol ? protocol->answer : PROTOCOL_ANSWER_TEXT, RECEIVER_TOO_LARGE,
                       "the body is larger than the limit");
        return reply_send(connection);
    }
    begin_request(request, method, token);
    if (request->status && announces_too_much(connection, receiver->max_body_bytes)) { // at once, not after a body that is cut off
        count_refusal(request, request->status);
        reply_text(connection, request->status, request->reason, request->allow);
        return reply_send(connection);
    }
    return MHD_YES;
}

enum MHD_Result requests_take(void *state, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                              const char *bytes, size_t *size, void **request_state) {
    (void)version;
    struct receiver *receiver = state;
    struct request *request = *request_state;
    if (!request || request->waits) {
        return begin(receiver, connection, path, method, request_state);
    }
    if (*size > 0) {
        bool go_on = take_body(request, bytes, *size);
        *size = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    if (!request->answered) {
        request->answered = true;
        bool stream = strcmp(request->path, "/api/events") == 0;
        connections_enter(&receiver->connections, connection_of(connection), stream ? CONNECTION_STREAM : CONNECTION_ANSWER,
                          connections_now_ms());
        request->is_slow = monitor_has(request->path) && monitor_takes_time(&receiver->monitor, request->path);
        const struct parameters parameters = parameters_of(connection);
        bool done = request->status || request->log_in; // what it is answered is known
        request->ahead = done || !request->get ? 0 : page_ahead_upload(request->path, &parameters);
        bool later = !done && (request->ingest || request->other || request->is_slow || request->ahead || request->mcp.answerer ||
                               api_has(request->path));
        answer(request);
        if (later) {
            return MHD_YES;
        }
    }
    return reply_send(connection);
}

void requests_completed(void *state, struct MHD_Connection *connection, void **request_state, enum MHD_RequestTerminationCode code) {
    (void)code;
    struct receiver *receiver = state;
    struct request *request = *request_state;
    if (request) {
        if (receiver->access_log && request->path) {
            log_request(request);
        }
        count(request, COUNTERS_CUT);
        ingest_free(request->ingest);
        edit_free(&request->edit);
        mcp_post_free(&request->mcp);
        symbol_upload_free(request->symbols);
        protocol_upload_free(request->other);
        free(request);
    }
    *request_state = NULL;
    connections_enter(&receiver->connections, connection_of(connection), CONNECTION_HEADERS, connections_now_ms());
}

void requests_connection(void *state, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code) {
    struct receiver *receiver = state;
    struct tls *tls = receiver->entrance.tls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct connection *added = info ? connections_add(&receiver->connections, info->connect_fd, connections_now_ms()) : NULL;
        if (added && tls) {
            info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
            added->certificate = tls_enter(tls, info ? info->tls_session : NULL);
        }
        *context = added;
    } else {
        const struct connection *removed = *context;
        tls_leave(tls, removed ? removed->certificate : NULL);
        connections_remove(&receiver->connections, *context);
        *context = NULL;
    }
}
