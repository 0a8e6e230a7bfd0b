// receiver.c: starts and stops the receiver, and sends each request to the part that answers it (receiver.h).
#include "receiver.h"
#include "api.h"
#include "assets.h"
#include "guard.h"
#include "ingest.h"
#include "listen.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEFAULT_BODY_BYTES = 64 << 20,
    DEFAULT_KEEP_UPLOADS = 10000,
    MAX_CONNECTIONS = 64,
    IDLE_SECONDS = 30, // a connection on which nothing moves
};

struct receiver {
    struct MHD_Daemon *daemon;
    struct store *store;
    struct api api;
    struct listener listener;
    size_t max_body_bytes;
};

// What is known of a request between the calls that libmicrohttpd makes for it.
struct request {
    struct ingest *ingest; // an upload
    unsigned status;       // else, if not 0: the refusal to send when its body is over
    const char *reason, *allow;
    size_t body_bytes;
};

static bool is_get(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void refuse(struct request *request, unsigned status, const char *reason, const char *allow) {
    request->status = status;
    request->reason = reason;
    request->allow = allow;
}

// The headers are there, the body is not: decides what will happen to it.
static void begin_request(struct receiver *receiver, struct MHD_Connection *connection, struct request *request, const char *path,
                          const char *method) {
    bool upload = strcmp(path, "/profiling/v1/input") == 0;
    const char *reason = guard_check(connection);
    if (reason) {
        refuse(request, MHD_HTTP_FORBIDDEN, reason, NULL);
    } else if (!upload && !api_has(path) && !asset_find(path)) {
        refuse(request, MHD_HTTP_NOT_FOUND, "no such path", NULL);
    } else if (upload && strcmp(method, "POST") != 0) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "uploads are sent with POST", "POST");
    } else if (!upload && !is_get(method)) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "this path is only read, with GET", "GET, HEAD");
    } else if (upload) {
        request->ingest = ingest_new(receiver->store, connection, receiver->max_body_bytes);
        if (!request->ingest) {
            refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
        }
    }
}

// False: the client sends more than anyone will read.
static bool take_body(struct receiver *receiver, struct request *request, const char *bytes, size_t size) {
    if (request->ingest) {
        return ingest_data(request->ingest, bytes, size);
    }
    request->body_bytes += size;
    return request->body_bytes <= receiver->max_body_bytes;
}

static enum MHD_Result finish_upload(struct request *request, struct MHD_Connection *connection) {
    int64_t id = 0;
    const char *reason = "";
    enum receiver_error error = ingest_finish(request->ingest, &id, &reason);
    if (error != RECEIVER_OK) {
        return reply_text(connection, reply_status(error), reason, NULL);
    }
    struct json json = {0};
    json_object_begin(&json);
    json_key(&json, "id");
    json_number(&json, id);
    json_object_end(&json);
    return reply_json(connection, &json);
}

static enum MHD_Result answer(struct receiver *receiver, struct request *request, struct MHD_Connection *connection, const char *path) {
    if (request->status) {
        return reply_text(connection, request->status, request->reason, request->allow);
    }
    if (request->ingest) {
        return finish_upload(request, connection);
    }
    const struct asset *asset = asset_find(path);
    if (asset) {
        return reply_static(connection, asset->bytes, (size_t)(asset->end - asset->bytes), asset->content_type);
    }
    return api_answer(&receiver->api, connection, path);
}

static bool announces_too_much(struct MHD_Connection *connection, size_t limit) {
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > limit;
}

// Called first with the headers, then with each piece of the body, last with size 0.
static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                  const char *bytes, size_t *size, void **request_state) {
    (void)version;
    struct receiver *receiver = state;
    struct request *request = *request_state;
    if (!request) {
        request = *request_state = calloc(1, sizeof *request);
        if (!request) {
            return MHD_NO;
        }
        if (announces_too_much(connection, receiver->max_body_bytes)) {
            return reply_text(connection, reply_status(RECEIVER_TOO_LARGE), "the body is larger than the limit", NULL);
        }
        begin_request(receiver, connection, request, path, method);
        return MHD_YES;
    }
    if (*size > 0) {
        bool go_on = take_body(receiver, request, bytes, *size);
        *size = 0;
        return go_on ? MHD_YES : MHD_NO;
    }
    return answer(receiver, request, connection, path);
}

static void on_completed(void *state, struct MHD_Connection *connection, void **request_state, enum MHD_RequestTerminationCode code) {
    (void)state, (void)connection, (void)code;
    struct request *request = *request_state;
    if (request) {
        ingest_free(request->ingest);
        free(request);
    }
    *request_state = NULL;
}

// libmicrohttpd speaks through this to stderr otherwise; what a client does wrong, the client is told.
static void on_log(void *state, const char *format, va_list arguments) {
    (void)state, (void)format, (void)arguments;
}

static bool start_daemon(struct receiver *receiver) {
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ERROR_LOG;
    // The logger comes first: options before it would still be talked about on stderr.
    receiver->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, receiver, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
                         receiver->listener.socket, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                         (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    return receiver->daemon;
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
    receiver->max_body_bytes = options->max_body_bytes ? options->max_body_bytes : DEFAULT_BODY_BYTES;
    enum receiver_error error = listen_open(options->listen ? options->listen : "127.0.0.1:8126", &receiver->listener, text, text_size);
    if (error != RECEIVER_OK) {
        free(receiver);
        return error;
    }
    uint32_t keep = options->keep_uploads ? options->keep_uploads : DEFAULT_KEEP_UPLOADS;
    error = store_open(options->data_directory, keep, &receiver->store, text, text_size);
    if (error == RECEIVER_OK) {
        api_init(&receiver->api, receiver->store);
        if (start_daemon(receiver)) {
            *out = receiver;
            return RECEIVER_OK;
        }
        snprintf(text, text_size, "the HTTP server does not start");
        error = RECEIVER_CANNOT_LISTEN;
        api_destroy(&receiver->api);
        store_close(receiver->store);
    }
    close(receiver->listener.socket);
    free(receiver);
    return error;
}

void receiver_stop(struct receiver *receiver) {
    if (!receiver) {
        return;
    }
    MHD_stop_daemon(receiver->daemon); // closes the socket
    api_destroy(&receiver->api);
    store_close(receiver->store);
    free(receiver);
}

uint16_t receiver_port(const struct receiver *receiver) {
    return receiver->listener.port;
}
const char *receiver_url(const struct receiver *receiver) {
    return receiver->listener.url;
}
