// mcp_post.c: see mcp_post.h.
#include "mcp_post.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool mcp_post_is_path(const char *path) {
    return strcmp(path, "/mcp") == 0;
}

bool mcp_post_data(struct mcp_post *post, const char *bytes, size_t size) {
    post->received += size;
    if (post->received > MCP_POST_BYTES) {
        return post->received <= (size_t)2 * MCP_POST_BYTES; // who sends a little too much is to see the answer
    }
    char *grown = realloc(post->body, post->size + size + 1);
    if (grown) {
        memcpy(grown + post->size, bytes, size);
        post->body = grown;
        post->size += size;
        post->body[post->size] = '\0';
    }
    return true;
}

void mcp_post_free(struct mcp_post *post) {
    free(post->body);
    *post = (struct mcp_post){0};
}

// ---- Answers ----

struct asking {
    struct api *api;
    struct MHD_Connection *connection;
};

static bool get(void *context, const char *path, const char *query, char **bytes, size_t *size, char *text, size_t text_size) {
    const struct asking *asking = context;
    struct json json = {0};
    if (api_get(asking->api, asking->connection, path, query, &json, text, text_size) != RECEIVER_OK) {
        return false;
    }
    char *ended = json_failed(&json) ? NULL : realloc(json.bytes, json.size + 1);
    if (!ended) {
        json_free(&json);
        snprintf(text, text_size, "the answer does not fit into memory");
        return false;
    }
    ended[json.size] = '\0';
    *bytes = ended;
    *size = json.size;
    return true;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// Its own address, for links. A client that tells none has a socket that no link leads to.
static void write_url(const struct access *access, struct MHD_Connection *connection, char *url, size_t size) {
    const char *host = header(connection, MHD_HTTP_HEADER_HOST);
    if (access->page_url) {
        snprintf(url, size, "%s", access->page_url);
    } else {
        snprintf(url, size, "%s://%s%s", access->has_tls ? "https" : "http", host && *host ? host : "localhost",
                 access->base_path ? access->base_path : "");
    }
    for (size_t length = strlen(url); length > 0 && url[length - 1] == '/';) {
        url[--length] = '\0';
    }
}

// A page of another site cannot send this type without asking before (CORS), which is refused.
static bool is_json(struct MHD_Connection *connection) {
    static const char json[] = "application/json";
    const char *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    return type && strncasecmp(type, json, sizeof json - 1) == 0 && strchr("; \t", type[sizeof json - 1]);
}

static void reply_nothing(struct MHD_Connection *connection, unsigned status) {
    reply_response(connection, status, MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT), "application/json");
}

void mcp_post_answer(const struct mcp_post *post, struct api *api, const struct access *access, struct MHD_Connection *connection) {
    if (!is_json(connection)) {
        reply_text(connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "messages are sent with Content-Type: application/json", NULL);
        return;
    }
    if (post->received > post->size) {
        enum receiver_error error = post->received > MCP_POST_BYTES ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
        reply_text(connection, reply_status(error), receiver_error_text(error), NULL);
        return;
    }
    char url[1024];
    write_url(access, connection, url, sizeof url);
    struct asking asking = {api, connection};
    struct receiver_inside inside = {&asking, get, url, access->token_count > 0};
    // NUL is no JSON, and must not end it early.
    bool whole = post->body && strlen(post->body) == post->size;
    struct receiver_message message = {whole ? post->body : "", header(connection, "MCP-Protocol-Version"),
                                       header(connection, "Mcp-Method"), header(connection, "Mcp-Name")};
    unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    char *text = post->answerer(&inside, &message, &status);
    if (!text) {
        reply_nothing(connection, status);
        return;
    }
    size_t size = strlen(text);
    struct json json = {.bytes = text, .size = size, .capacity = size + 1};
    reply_json_status(connection, status, &json);
}
