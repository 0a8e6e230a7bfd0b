// receiver.c: starts and stops the receiver, and dispatches each request (receiver.h).
//
// libmicrohttpd's threads speak HTTP and write what arrives to files. What may take longer (a sync, a search, a profile) runs on other
// threads while its connection is suspended. They store the answer in the connection (reply.c) and resume it; libmicrohttpd then calls
// on_request once more, which sends the answer.
#include "receiver.h"
#include "../merge/intern.h"
#include "http/access.h"
#include "http/agent.h"
#include "http/api.h"
#include "http/assets.h"
#include "http/connections.h"
#include "http/guesses.h"
#include "http/listen.h"
#include "http/reply.h"
#include "http/thread_pool.h"
#include "store/ingest.h"
#include "store/otlp_upload.h"
#include "store/symbol_upload.h"
#include "views/rollup_keeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    DEFAULT_BODY_BYTES = 64 << 20,
    DEFAULT_VIEW_BYTES = 1 << 30,
    DEFAULT_INDEX_BYTES = 1 << 30,
    OTLP_BYTES = 256 << 20, // of all requests in OTLP that are read at once: their bodies and profiles
    HTTP_THREADS = 2,
    LIGHT_THREADS = 2,
    HEAVY_THREADS = 2,
    MAX_CONNECTIONS = 2048,
    FILES_A_CONNECTION = 3, // the socket, an upload's directory and the attachment being written
    FILES_BESIDES = 100,
    IDLE_SECONDS = 30, // closes an idle connection
};

struct receiver {
    struct MHD_Daemon *daemon;
    struct store *store;
    struct rollup_keeper *rollups;
    struct api api;
    struct access access;
    char *token, *send_token, *read_token;
    struct guesses guesses;
    struct listener listener;
    struct connections connections;
    struct thread_pool *light, *heavy;
    pthread_t ticker;
    atomic_bool stopping;
    atomic_uint symbol_uploads; // in flight
    struct merge_budget otlp_budget;
    size_t max_body_bytes, view_memory_bytes;
};

// A request, between the calls that libmicrohttpd makes for it.
struct request {
    struct receiver *receiver;
    struct MHD_Connection *connection;
    const char *path;      // libmicrohttpd's, valid during the request, without a leading token
    const char *token;     // for a browser to log in
    struct ingest *ingest; // an upload
    struct symbol_upload *symbols;
    struct otlp_upload *otlp;
    unsigned status; // if not 0: the refusal to send after the body
    const char *reason, *allow;
    bool get, log_in, dropped, answered;
    size_t body_bytes;
};

static bool is_get(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool is_post(const char *method) {
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
}

// An Agent forwards what it receives to /api/v2/profile of its intake, which may be a receiver.
static bool is_upload(const char *path) {
    return strcmp(path, "/profiling/v1/input") == 0 || strcmp(path, "/api/v2/profile") == 0;
}

static bool is_symbols(const char *path) {
    return strcmp(path, "/api/symbols") == 0;
}

static void refuse(struct request *request, unsigned status, const char *reason, const char *allow) {
    request->status = status;
    request->reason = reason;
    request->allow = allow;
}

// ---- Headers are complete, the body is not ----

static bool is_let_in(struct request *request, const char *method, enum access_action act, const char *path_token) {
    const char *reason = NULL;
    switch (access_check(&request->receiver->access, request->connection, act, path_token, &reason)) {
    case ACCESS_ALLOWED:
        return true;
    case ACCESS_LOGIN:
        request->log_in = strcmp(method, "GET") == 0 && asset_find(request->path);
        request->token = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "token");
        return true;
    case ACCESS_FORBIDDEN:
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
    bool import = strcmp(path, "/api/import") == 0, symbols = is_symbols(path), otlp = otlp_upload_is(path);
    bool upload = import || otlp || is_upload(path);
    request->dropped = agent_takes(path);
    request->get = is_get(method);
    bool sends = upload || agent_is_asked(path);
    if (!is_let_in(request, method, symbols ? ACCESS_SEND_SYMBOLS : sends ? ACCESS_SEND : ACCESS_READ, token)) {
        return;
    }
    bool read_only = !symbols && !upload && (strcmp(path, "/info") == 0 || api_has(path) || asset_find(path));
    if (!upload && !symbols && !request->dropped && !read_only) {
        refuse(request, MHD_HTTP_NOT_FOUND, "no such path", NULL);
    } else if (import && !is_post(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "files are sent with POST or PUT", "POST, PUT");
    } else if (upload && !import && strcmp(method, "POST") != 0) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "uploads are sent with POST", "POST");
    } else if (symbols && !is_post(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "files with symbols are sent with POST or PUT", "POST, PUT");
    } else if (symbols && !store_symbols(request->receiver->store)) {
        refuse(request, MHD_HTTP_NOT_FOUND, "there is no directory for symbols: cmemprof receiver --symbols DIR", NULL);
    } else if (request->dropped && !is_post(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "this is sent with POST or PUT", "POST, PUT");
    } else if (read_only && !is_get(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "this path is only read, with GET", "GET, HEAD");
    } else if (symbols) {
        const char *text;
        struct receiver *receiver = request->receiver;
        enum receiver_error error =
            symbol_upload_begin(store_symbols(receiver->store), &receiver->symbol_uploads, &request->symbols, &text);
        if (error != RECEIVER_OK) {
            refuse(request, reply_status(error), text, NULL);
        }
    } else if (otlp) {
        struct receiver *receiver = request->receiver;
        request->otlp = otlp_upload_new(receiver->store, request->connection, &receiver->otlp_budget, receiver->max_body_bytes);
        if (!request->otlp) {
            refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
        }
    } else if (upload) {
        request->ingest = ingest_new(request->receiver->store, request->connection, import ? INGEST_IMPORT : INGEST_UPLOAD,
                                     request->receiver->max_body_bytes);
        if (!request->ingest) {
            refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
        }
    }
}

// Returns false if the client sends more than will be read.
static bool take_body(struct request *request, const char *bytes, size_t size) {
    struct receiver *receiver = request->receiver;
    connections_received(&receiver->connections, connection_of(request->connection), size, connections_now_ms());
    if (request->ingest) {
        return ingest_data(request->ingest, bytes, size);
    }
    if (request->otlp) {
        return otlp_upload_data(request->otlp, bytes, size);
    }
    if (request->symbols) {
        return symbol_upload_data(request->symbols, bytes, size);
    }
    request->body_bytes += size;
    return request->body_bytes <= receiver->max_body_bytes;
}

// ---- The request is complete ----

// Called by group commit, or at once.
static void on_ingested(void *context) {
    struct request *request = context;
    int64_t id;
    const char *reason, *refused;
    enum receiver_error error = ingest_result(request->ingest, &id, &reason, &refused);
    if (error != RECEIVER_OK) {
        reply_text(request->connection, reply_status(error), reason, NULL);
    } else {
        struct json json = {0};
        json_object_begin(&json);
        json_key(&json, "id");
        json_number(&json, id);
        if (refused) {
            json_key(&json, "refused");
            json_raw(&json, refused, strlen(refused));
        }
        json_object_end(&json);
        reply_kept(request->connection, &json);
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

static void on_otlp_ended(void *context) {
    struct request *request = context;
    const char *reason;
    enum receiver_error error = otlp_upload_result(request->otlp, &reason);
    reply_otlp(request->connection, error, reason);
    MHD_resume_connection(request->connection);
}

static void on_otlp(void *context) {
    struct request *request = context;
    if (atomic_load(&request->receiver->stopping)) { // it was queued
        reply_otlp(request->connection, RECEIVER_BUSY, receiver_error_text(RECEIVER_BUSY));
        MHD_resume_connection(request->connection);
        return;
    }
    otlp_upload_finish(request->otlp, on_otlp_ended, request);
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

static void on_job(void *context) {
    struct request *request = context;
    if (atomic_load(&request->receiver->stopping)) {
        reply_text(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_BUSY), NULL);
    } else if (!connection_has_left(connection_of(request->connection))) { // it was queued
        api_answer(&request->receiver->api, request->connection, request->path);
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
    const struct asset *asset = asset_find(request->path);
    if (wants_page(request)) {
        reply_asset(request->connection, request->status, asset_find("/"));
    } else if (request->status) {
        reply_text(request->connection, request->status, request->reason, request->allow);
    } else if (request->log_in) {
        char cookie[ACCESS_COOKIE_BYTES];
        access_cookie(&receiver->access, request->connection, request->token, cookie);
        reply_login(request->connection, request->path, cookie);
    } else if (request->dropped) {
        agent_answer(request->connection, request->path);
    } else if (asset) {
        reply_asset(request->connection, MHD_HTTP_OK, asset);
    } else if (strcmp(request->path, "/info") == 0) {
        agent_info(request->connection);
    } else if (request->ingest && !ingest_takes_time(request->ingest)) {
        MHD_suspend_connection(request->connection);
        on_event(request);
    } else {
        struct thread_pool *pool = request->symbols || api_cost(request->path) == API_HEAVY ? receiver->heavy : receiver->light;
        void (*job)(void *context) = request->ingest ? on_event : request->otlp ? on_otlp : request->symbols ? on_symbols : on_job;
        MHD_suspend_connection(request->connection);
        if (!thread_pool_add(pool, job, request)) {
            reply_text(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_BUSY), NULL);
            MHD_resume_connection(request->connection);
        }
    }
}

// ---- Callbacks of libmicrohttpd ----

static bool announces_too_much(struct MHD_Connection *connection, size_t limit) {
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > limit;
}

static enum MHD_Result begin(struct receiver *receiver, struct MHD_Connection *connection, const char *path, const char *method,
                             void **request_state) {
    struct request *request = *request_state = calloc(1, sizeof *request);
    if (!request || !connection_of(connection)) {
        return MHD_NO;
    }
    char token[ACCESS_TOKEN_MAX + 2];
    *request = (struct request){.receiver = receiver, .connection = connection, .path = access_path(path, token)};
    connections_enter(&receiver->connections, connection_of(connection), CONNECTION_BODY, connections_now_ms());
    if (announces_too_much(connection, is_symbols(request->path) ? SYMBOL_UPLOAD_MAX_BYTES : receiver->max_body_bytes)) {
        reply_text(connection, reply_status(RECEIVER_TOO_LARGE), "the body is larger than the limit", NULL);
        return reply_send(connection);
    }
    begin_request(request, method, token);
    if (request->status && announces_too_much(connection, receiver->max_body_bytes)) { // at once, not after a body that is cut off
        reply_text(connection, request->status, request->reason, request->allow);
        return reply_send(connection);
    }
    return MHD_YES;
}

// Called with the headers, then with each piece of the body, then with size 0; once more if it was suspended.
static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                  const char *bytes, size_t *size, void **request_state) {
    (void)version;
    struct receiver *receiver = state;
    struct request *request = *request_state;
    if (!request) {
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
        bool later = !request->status && !request->log_in && (request->ingest || request->otlp || api_has(request->path));
        answer(request);
        if (later) {
            return MHD_YES;
        }
    }
    return reply_send(connection);
}

static void on_completed(void *state, struct MHD_Connection *connection, void **request_state, enum MHD_RequestTerminationCode code) {
    (void)code;
    struct receiver *receiver = state;
    struct request *request = *request_state;
    if (request) {
        ingest_free(request->ingest);
        symbol_upload_free(request->symbols);
        otlp_upload_free(request->otlp);
        free(request);
    }
    *request_state = NULL;
    connections_enter(&receiver->connections, connection_of(connection), CONNECTION_HEADERS, connections_now_ms());
}

static void on_connection(void *state, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code) {
    struct receiver *receiver = state;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info ? connections_add(&receiver->connections, info->connect_fd, connections_now_ms()) : NULL;
    } else {
        connections_remove(&receiver->connections, *context);
        *context = NULL;
    }
}

// Silences libmicrohttpd, which logs to stderr otherwise. Clients are told of their errors.
static void on_log(void *state, const char *format, va_list arguments) {
    (void)state, (void)format, (void)arguments;
}

// ---- Start and stop ----

static void *tick(void *state) {
    struct receiver *receiver = state;
    while (!atomic_load(&receiver->stopping)) {
        nanosleep(&(struct timespec){.tv_nsec = EVENT_STREAM_TICK_MS * 1000000L}, NULL);
        int64_t now_ms = connections_now_ms();
        event_stream_tick(&receiver->api.event_stream, now_ms);
        connections_expire(&receiver->connections, now_ms);
    }
    return NULL;
}

// As many as the process has file descriptors for.
static unsigned max_connections(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) {
        return MAX_CONNECTIONS;
    }
    rlim_t possible = files.rlim_cur > FILES_BESIDES + 64 ? (files.rlim_cur - FILES_BESIDES) / FILES_A_CONNECTION : 16;
    return possible < MAX_CONNECTIONS ? (unsigned)possible : MAX_CONNECTIONS;
}

// poll, not epoll: with epoll, libmicrohttpd 0.9.75 misses the end of a connection that directly follows its last bytes, and keeps it for
// IDLE_SECONDS.
static bool start_daemon(struct receiver *receiver) {
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    unsigned limit = max_connections();
    connections_init(&receiver->connections, limit);
    // The logger comes first: options before it may log to stderr.
    receiver->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, receiver, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
                         receiver->listener.socket, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, limit,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, on_completed, receiver,
                         MHD_OPTION_NOTIFY_CONNECTION, on_connection, receiver, MHD_OPTION_END);
    return receiver->daemon;
}

static void stop_all(struct receiver *receiver) {
    api_stop(&receiver->api);
    atomic_store(&receiver->stopping, true);
    rollup_keeper_stop(receiver->rollups);
    if (receiver->ticker) {
        pthread_join(receiver->ticker, NULL);
    }
    // All suspended connections are resumed before the daemon may end: those waiting for the thread pool, for group commit, and streams.
    thread_pool_stop(receiver->light);
    thread_pool_stop(receiver->heavy);
    event_stream_close(&receiver->api.event_stream);
    store_stop(receiver->store);
    if (receiver->daemon) {
        MHD_stop_daemon(receiver->daemon); // closes the socket
    }
    connections_destroy(&receiver->connections);
    thread_pool_free(receiver->light);
    thread_pool_free(receiver->heavy);
    api_destroy(&receiver->api);
}

static enum receiver_error start_all(struct receiver *receiver, char *text, size_t text_size) {
    api_init(&receiver->api, receiver->store, receiver->view_memory_bytes);
    receiver->light = thread_pool_start(LIGHT_THREADS);
    receiver->heavy = thread_pool_start(HEAVY_THREADS);
    receiver->rollups = rollup_keeper_start(receiver->store);
    bool ok = receiver->light && receiver->heavy && receiver->rollups && start_daemon(receiver) &&
              pthread_create(&receiver->ticker, NULL, tick, receiver) == 0;
    if (!ok) {
        snprintf(text, text_size, "the HTTP server cannot start");
        stop_all(receiver);
    }
    return ok ? RECEIVER_OK : RECEIVER_CANNOT_LISTEN;
}

static bool copy_token(const char *token, char **copy) {
    *copy = token ? strdup(token) : NULL;
    return !token || *copy;
}

static enum receiver_error copy_tokens(struct receiver *receiver, const struct receiver_options *options, char *text, size_t text_size) {
    const char *const tokens[] = {options->token, options->send_token, options->read_token};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        if (tokens[i] && !access_is_token(tokens[i])) {
            snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_BAD_TOKEN));
            return RECEIVER_BAD_TOKEN;
        }
    }
    if (options->send_token && !options->token && !options->read_token) { // who may read must be stated
        snprintf(text, text_size, "a send token needs another token for reading");
        return RECEIVER_BAD_TOKEN;
    }
    bool ok = copy_token(options->token, &receiver->token) && copy_token(options->send_token, &receiver->send_token) &&
              copy_token(options->read_token, &receiver->read_token);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static void free_receiver(struct receiver *receiver) {
    free(receiver->token);
    free(receiver->send_token);
    free(receiver->read_token);
    guesses_destroy(&receiver->guesses);
    free(receiver);
}

static bool tokens_are_long(const struct receiver *receiver) {
    const char *const tokens[] = {receiver->token, receiver->send_token, receiver->read_token};
    bool are = true;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        are &= !tokens[i] || strlen(tokens[i]) >= ACCESS_TOKEN_MIN_REMOTE;
    }
    return are;
}

static enum receiver_error open_listener(struct receiver *receiver, const struct receiver_options *options, char *text, size_t text_size) {
    const char *address = options->listen ? options->listen : "127.0.0.1:8126";
    enum receiver_error error = copy_tokens(receiver, options, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    bool asks = receiver->token || receiver->read_token, are_long = asks && tokens_are_long(receiver);
    receiver->access = (struct access){.token = receiver->token,
                                       .send_token = receiver->send_token,
                                       .read_token = receiver->read_token,
                                       .unix_socket = strncmp(address, "unix:", 5) == 0,
                                       .guesses = &receiver->guesses};
    if (asks && !access_make_sessions(&receiver->access)) {
        snprintf(text, text_size, "the kernel has no random bytes: %s", strerror(errno));
        return RECEIVER_CANNOT_LISTEN;
    }
    error = listen_open(address, are_long, &receiver->listener, text, text_size);
    if (error == RECEIVER_NOT_LOOPBACK && asks) {
        snprintf(text, text_size, "%s: where other machines can guess it, a token has at least %d characters", address,
                 ACCESS_TOKEN_MIN_REMOTE);
        return RECEIVER_BAD_TOKEN;
    }
    receiver->access.port = receiver->listener.port;
    return error;
}

enum receiver_error receiver_start(const struct receiver_options *options, struct receiver **out, char *text, size_t text_size) {
    char ignored[1];
    text = text ? text : ignored;
    text_size = text_size ? text_size : sizeof ignored;
    snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) {
        return RECEIVER_NO_MEMORY;
    }
    guesses_init(&receiver->guesses, intern_seed());
    receiver->max_body_bytes = options->max_body_bytes ? options->max_body_bytes : DEFAULT_BODY_BYTES;
    receiver->otlp_budget.limit_bytes = OTLP_BYTES;
    receiver->view_memory_bytes = options->view_memory_bytes ? options->view_memory_bytes : DEFAULT_VIEW_BYTES;
    enum receiver_error error = open_listener(receiver, options, text, text_size);
    if (error == RECEIVER_OK) {
        struct store_options store = {options->data_directory, options->retention_ms, options->retention_bytes,
                                      options->index_memory_bytes ? options->index_memory_bytes : DEFAULT_INDEX_BYTES, options->symbols};
        if (options->symbols) {
            symbol_upload_clean(options->symbols);
        }
        error = store_open(&store, &receiver->store, text, text_size);
        if (error == RECEIVER_OK) {
            error = start_all(receiver, text, text_size);
        }
        if (error == RECEIVER_OK) {
            *out = receiver;
            return RECEIVER_OK;
        }
        store_close(receiver->store);
        listen_close(&receiver->listener, receiver->daemon);
    }
    free_receiver(receiver);
    return error;
}

void receiver_stop(struct receiver *receiver) {
    if (!receiver) {
        return;
    }
    stop_all(receiver);
    listen_close(&receiver->listener, true);
    store_close(receiver->store);
    free_receiver(receiver);
}

void receiver_make_directory(const char *data_directory) {
    store_make_directories(data_directory);
}
uint16_t receiver_port(const struct receiver *receiver) {
    return receiver->listener.port;
}
const char *receiver_url(const struct receiver *receiver) {
    return receiver->listener.url;
}
const char *receiver_note(const struct receiver *receiver) {
    return store_note(receiver->store);
}
