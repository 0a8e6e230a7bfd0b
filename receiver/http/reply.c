// reply.c: answers (reply.h).
#include "reply.h"
#include "connections.h"
#include "negotiate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *request_header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// cache: of Cache-Control; NULL: no-store.
static enum MHD_Result send_kept(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                                 const char *content_type, const char *cache) {
    static const char *const headers[][2] = {
        {"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    if (!response) {
        return MHD_NO;
    }
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache ? cache : "no-store");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    struct connection *of = connection_of(connection);
    if (!of || of->response) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    of->response = response;
    of->status = status;
    return MHD_YES;
}

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                                     const char *content_type) {
    return send_kept(connection, status, response, content_type, NULL);
}

enum MHD_Result reply_send(struct MHD_Connection *connection) {
    struct connection *of = connection_of(connection);
    if (!of || !of->response) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_queue_response(connection, of->status, of->response);
    MHD_destroy_response(of->response);
    of->response = NULL;
    return result;
}

enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status, const char *text, const char *allow) {
    char line[320];
    int size = snprintf(line, sizeof line, "%s\n", text);
    size = size < (int)sizeof line ? size : (int)sizeof line - 1;
    struct MHD_Response *response = MHD_create_response_from_buffer((size_t)size, line, MHD_RESPMEM_MUST_COPY);
    if (response && allow) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    }
    if (response && status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    } else if (response && status == MHD_HTTP_TOO_MANY_REQUESTS) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "60"); // guesses.h
    }
    if (response && status == MHD_HTTP_UNAUTHORIZED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    }
    return send_response(connection, status, response, "text/plain; charset=utf-8");
}

// ---- Downloads ----

// Content-Disposition with the name twice (RFC 6266): plain for old clients, percent-encoded UTF-8 for the rest.
static void write_disposition(char *text, size_t size, const char *name) {
    int used = snprintf(text, size, "attachment; filename=\"");
    for (const char *c = name; *c; c++) {
        bool plain = (unsigned char)*c < 0x80 && *c != '"' && *c != '\\' && *c != '%';
        used += snprintf(text + used, size - (size_t)used, "%c", plain ? *c : '_');
    }
    used += snprintf(text + used, size - (size_t)used, "\"; filename*=UTF-8''");
    for (const char *c = name; *c; c++) {
        bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", *c);
        used += snprintf(text + used, size - (size_t)used, plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

static enum MHD_Result send_download(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type,
                                     const char *name, const char *cache) {
    char disposition[64 + 4 * 256]; // a name has at most 200 bytes; once as it is, once with up to three characters per byte
    if (response) {
        write_disposition(disposition, sizeof disposition, name);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
    }
    return send_kept(connection, MHD_HTTP_OK, response, content_type, cache);
}

static enum MHD_Result send_tagged(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type,
                                   const char *name, const char *tag) {
    if (response && tag) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
    }
    return send_download(connection, response, content_type, name, tag ? "private, no-cache" : NULL);
}

static enum MHD_Result send_file(struct MHD_Connection *connection, struct MHD_Response *response, const char *name, const char *tag) {
    return send_tagged(connection, response, "application/octet-stream", name, tag);
}

bool reply_has_it(struct MHD_Connection *connection, const char *tag, enum MHD_Result *result) {
    if (!negotiate_has(request_header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH), tag)) {
        return false;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
    }
    *result = send_kept(connection, MHD_HTTP_NOT_MODIFIED, response, "application/octet-stream", "private, no-cache");
    return true;
}

// ---- JSON ----

// An answer in memory, until it is sent or dropped.
struct answer {
    struct connections *connections; // that its memory is reserved from
    void *bytes;
    size_t size;
};

static void free_answer(void *state) {
    struct answer *answer = state;
    connections_give_back(answer->connections, answer->size);
    free(answer->bytes);
    free(answer);
}

// Takes the bytes; their memory must be reserved.
static struct MHD_Response *make_answer(struct connections *connections, struct json *json) {
    struct answer *answer = malloc(sizeof *answer);
    if (!answer) {
        connections_give_back(connections, json->size);
        json_free(json);
        return NULL;
    }
    void *fitting = json->size > 0 ? realloc(json->bytes, json->size) : NULL; // gives back the excess of its growth; of 0 bytes it frees
    *answer = (struct answer){connections, fitting ? fitting : json->bytes, json->size};
    *json = (struct json){0};
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(answer->size, answer->bytes, free_answer, answer);
    if (!response) {
        free_answer(answer);
    }
    return response;
}

static enum MHD_Result reply_no_json(struct MHD_Connection *connection, struct json *json) {
    json_free(json);
    return reply_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the answer does not fit into memory", NULL);
}

static const char too_many[] = "too many answers wait for slow clients; try again later";

// Returns false if memory is exhausted; the request is answered then.
static bool reserve_memory(struct MHD_Connection *connection, struct json *json, enum MHD_Result *result) {
    struct connection *of = connection_of(connection);
    if (json_failed(json) || !of) {
        *result = reply_no_json(connection, json);
        return false;
    }
    if (!connections_take(of->list, json->size)) {
        json_free(json);
        *result = reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, too_many, NULL);
        return false;
    }
    return true;
}

// encoding NULL: as it is.
static void say_encoding(struct MHD_Response *response, const char *encoding) {
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    }
    if (response && encoding) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, encoding);
    }
}

static enum MHD_Result reply_text_of(struct MHD_Connection *connection, unsigned status, struct json *json, const char *content_type) {
    enum MHD_Result result;
    bool gzip =
        !json_failed(json) && negotiate_takes_gzip(request_header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING)) && negotiate_compress(json);
    if (!reserve_memory(connection, json, &result)) {
        return result;
    }
    struct MHD_Response *response = make_answer(connection_of(connection)->list, json);
    say_encoding(response, gzip ? "gzip" : NULL);
    return send_response(connection, status, response, content_type);
}

enum MHD_Result reply_json_status(struct MHD_Connection *connection, unsigned status, struct json *json) {
    return reply_text_of(connection, status, json, "application/json");
}

enum MHD_Result reply_compressed(struct MHD_Connection *connection, struct json *text, const char *content_type) {
    return reply_text_of(connection, MHD_HTTP_OK, text, content_type);
}

enum MHD_Result reply_bytes(struct MHD_Connection *connection, struct json *bytes, const char *name, const char *tag) {
    enum MHD_Result result;
    return reserve_memory(connection, bytes, &result)
               ? send_file(connection, make_answer(connection_of(connection)->list, bytes), name, tag)
               : result;
}

enum MHD_Result reply_kept(struct MHD_Connection *connection, struct json *json) {
    if (json_failed(json)) {
        return reply_no_json(connection, json);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(json->size, json->bytes, MHD_RESPMEM_MUST_COPY);
    json_free(json);
    return send_response(connection, MHD_HTTP_OK, response, "application/json");
}

enum MHD_Result reply_stored(struct MHD_Connection *connection, int64_t id, const char *refused) {
    struct json json = {0};
    json_object_begin(&json);
    json_key(&json, "id");
    json_number(&json, id);
    if (refused) {
        json_key(&json, "refused");
        json_raw(&json, refused, strlen(refused));
    }
    json_object_end(&json);
    return reply_kept(connection, &json);
}

enum MHD_Result reply_json(struct MHD_Connection *connection, struct json *json) {
    return reply_json_status(connection, MHD_HTTP_OK, json);
}

enum MHD_Result reply_asset(struct MHD_Connection *connection, unsigned status, const struct asset *asset, const char *link) {
    char tag[80];
    snprintf(tag, sizeof tag, "W/\"%s\"", asset->hash);
    const char *version = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "v");
    bool is_this = version && strcmp(version, asset->hash) == 0;
    if (asset->is_part && version && !is_this) {
        return reply_text(connection, MHD_HTTP_NOT_FOUND, "another version of the page runs here now; load it again", NULL);
    }
    bool known = negotiate_has(request_header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH), tag) && status == MHD_HTTP_OK;
    const char *accepted = request_header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    bool brotli = !known && asset->brotli && negotiate_takes_brotli(accepted);
    bool gzip = !brotli && !known && asset->gzip && negotiate_takes_gzip(accepted);
    const unsigned char *bytes = brotli ? asset->brotli : gzip ? asset->gzip : asset->bytes;
    const unsigned char *end = brotli ? asset->brotli_end : gzip ? asset->gzip_end : asset->end;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(known ? 0 : (size_t)(end - bytes), (void *)bytes, MHD_RESPMEM_PERSISTENT);
    say_encoding(response, brotli ? "br" : gzip ? "gzip" : NULL);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
    }
    if (response && link) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_LINK, link);
    }
    return send_kept(connection, known ? MHD_HTTP_NOT_MODIFIED : status, response, asset->content_type,
                     is_this ? "private, max-age=31536000, immutable" : "private, no-cache");
}

enum MHD_Result reply_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                               const char *content_type) {
    return send_response(connection, status, response, content_type);
}

enum MHD_Result reply_stream(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type) {
    if (response) {
        MHD_add_response_header(response, "X-Accel-Buffering", "no"); // nginx would keep events until its buffer is full
    }
    return send_response(connection, MHD_HTTP_OK, response, content_type);
}

// ---- What is read as it is sent ----

struct sending {
    struct connections *connections; // that its memory is reserved from
    struct reply_source source;
};

static ssize_t read_source(void *state, uint64_t position, char *bytes, size_t size) {
    const struct sending *sending = state;
    return sending->source.read(sending->source.context, position, bytes, size);
}

static void free_source(void *state) {
    struct sending *sending = state;
    connections_give_back(sending->connections, sending->source.memory);
    sending->source.free(sending->source.context);
    free(sending);
}

enum MHD_Result reply_source(struct MHD_Connection *connection, const struct reply_source *source, const char *content_type,
                             const char *name, const char *tag) {
    enum { PIECE_BYTES = 64 << 10 };
    struct connection *of = connection_of(connection);
    struct sending *sending = of ? malloc(sizeof *sending) : NULL;
    if (!sending || (source->memory > 0 && !connections_take(of->list, source->memory))) {
        source->free(source->context);
        free(sending);
        return sending ? reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, too_many, NULL) : MHD_NO;
    }
    *sending = (struct sending){of->list, *source};
    struct MHD_Response *response = MHD_create_response_from_callback(source->size, PIECE_BYTES, read_source, sending, free_source);
    if (!response) {
        free_source(sending);
    }
    return send_tagged(connection, response, content_type, name, tag);
}

enum MHD_Result reply_file(struct MHD_Connection *connection, int file, uint64_t size_bytes, const char *name, const char *tag) {
    struct MHD_Response *response = MHD_create_response_from_fd64(size_bytes, file);
    if (!response) {
        close(file);
    }
    return send_file(connection, response, name, tag);
}

// An address without its parameter token: the path, and "?name=value&...", encoded anew.
struct address {
    char *text;
    size_t size, capacity;
    char before; // the next parameter: '?' or '&'
};

static void add_byte(struct address *address, char byte) {
    if (address->size + 1 < address->capacity) {
        address->text[address->size++] = byte;
        address->text[address->size] = '\0';
    }
}

static void add_encoded(struct address *address, const char *text) {
    for (; text && *text; text++) {
        bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~:/*,@", *text);
        char code[4];
        snprintf(code, sizeof code, plain ? "%c" : "%%%02X", (unsigned char)*text);
        for (const char *c = code; *c; c++) {
            add_byte(address, *c);
        }
    }
}

static enum MHD_Result add_parameter(void *state, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    struct address *address = state;
    if (strcasecmp(name, "token") != 0) { // as MHD_lookup_connection_value compares names
        add_byte(address, address->before);
        address->before = '&';
        add_encoded(address, name);
        add_byte(address, '=');
        add_encoded(address, value);
    }
    return MHD_YES;
}

enum MHD_Result reply_login(struct MHD_Connection *connection, const char *base, const char *path, const char *cookie) {
    char location[8192]; // a request has at most 32 KiB of headers; a longer address is cut
    struct address address = {location, 0, sizeof location, '?'};
    location[0] = '\0';
    add_encoded(&address, base);
    add_encoded(&address, path);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter, &address);
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, location);
    }
    return send_response(connection, MHD_HTTP_SEE_OTHER, response, "text/plain; charset=utf-8");
}

unsigned reply_status(enum receiver_error error) {
    switch (error) {
    case RECEIVER_OK:
        return MHD_HTTP_OK;
    case RECEIVER_BAD_UPLOAD:
        return MHD_HTTP_BAD_REQUEST;
    case RECEIVER_TOO_LARGE:
        return 413; // its name differs between versions of libmicrohttpd
    case RECEIVER_NOT_FOUND:
        return MHD_HTTP_NOT_FOUND;
    case RECEIVER_CONFLICT:
        return MHD_HTTP_CONFLICT;
    case RECEIVER_DAMAGED:
        return MHD_HTTP_UNPROCESSABLE_CONTENT;
    case RECEIVER_BUSY:
    case RECEIVER_BAD_INDEX:
    case RECEIVER_NO_MEMORY:
    case RECEIVER_READ_ONLY:
    case RECEIVER_DIRECTORY_GONE:
    case RECEIVER_IO: // of this machine: a later try may succeed, and no request is at fault
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    case RECEIVER_DISK_FULL:
        return MHD_HTTP_INSUFFICIENT_STORAGE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}
