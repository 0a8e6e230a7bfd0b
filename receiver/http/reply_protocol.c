// reply_protocol.c: answers to uploads in other protocols (reply_protocol.h).
#include "reply_protocol.h"
#include "../base/json.h"

#include <stdio.h>
#include <string.h>

static unsigned status_of(enum receiver_error error) {
    return error == RECEIVER_DISK_FULL ? MHD_HTTP_SERVICE_UNAVAILABLE : reply_status(error);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                                   const char *content_type) {
    if (response && status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    }
    return reply_response(connection, status, response, content_type);
}

static unsigned rpc_code(unsigned status) {
    switch (status) { // of google.rpc.Code
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        return 14; // UNAVAILABLE
    case MHD_HTTP_INTERNAL_SERVER_ERROR:
        return 13; // INTERNAL
    default:
        return 3; // INVALID_ARGUMENT
    }
}

static enum MHD_Result reply_otlp(struct MHD_Connection *connection, enum receiver_error error, const char *reason) {
    unsigned status = status_of(error);
    char bytes[300];
    size_t size = 0, length = strnlen(reason, sizeof bytes - 8);
    if (error != RECEIVER_OK) { // code = 1, message = 2
        bytes[size++] = 1 << 3;
        bytes[size++] = (char)rpc_code(status);
        bytes[size++] = 2 << 3 | 2;
        if (length >= 0x80) {
            bytes[size++] = (char)(length | 0x80);
        }
        bytes[size++] = (char)(length >= 0x80 ? length >> 7 : length);
        memcpy(bytes + size, reason, length);
        size += length;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_COPY);
    return send_answer(connection, status, response, "application/x-protobuf");
}

static const char *connect_code(unsigned status) {
    switch (status) {
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        return "unavailable";
    case MHD_HTTP_INTERNAL_SERVER_ERROR:
        return "internal";
    default:
        return "invalid_argument"; // also of a body that is too large: clients send again what is resource_exhausted
    }
}

static enum MHD_Result reply_connect(struct MHD_Connection *connection, enum receiver_error error, const char *reason) {
    unsigned status = status_of(error);
    struct json json = {0};
    if (error != RECEIVER_OK) {
        json_object_begin(&json);
        json_key(&json, "code");
        json_text(&json, connect_code(status));
        json_key(&json, "message");
        json_text(&json, reason);
        json_object_end(&json);
    }
    struct MHD_Response *response =
        json_failed(&json) ? NULL : MHD_create_response_from_buffer(json.size, json.size > 0 ? json.bytes : "", MHD_RESPMEM_MUST_COPY);
    json_free(&json);
    return send_answer(connection, status, response, error == RECEIVER_OK ? "application/proto" : "application/json");
}

enum MHD_Result reply_protocol(struct MHD_Connection *connection, enum protocol_answer answer, enum receiver_error error,
                               const char *reason) {
    switch (answer) {
    case PROTOCOL_ANSWER_OTLP:
        return reply_otlp(connection, error, reason);
    case PROTOCOL_ANSWER_CONNECT:
        return reply_connect(connection, error, reason);
    default:
        break;
    }
    if (error != RECEIVER_OK) {
        return reply_text(connection, status_of(error), reason, NULL);
    }
    return send_answer(connection, MHD_HTTP_OK, MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT),
                       "text/plain; charset=utf-8");
}
