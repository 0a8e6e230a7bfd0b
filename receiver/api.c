// api.c: the JSON interface (api.h).
#include "api.h"
#include "failure.h"
#include "reply.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DECODING_PLACES = 2, LIST_DEFAULT = 100, LIST_MAX = 1000 };

void api_init(struct api *api, struct store *store) {
    api->store = store;
    sem_init(&api->decoding, 0, DECODING_PLACES);
}

void api_destroy(struct api *api) {
    sem_destroy(&api->decoding);
}

bool api_has(const char *path) {
    return strcmp(path, "/info") == 0 || strncmp(path, "/api/", 5) == 0;
}

static const char *argument(struct MHD_Connection *connection, const char *key) {
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, key);
}

static enum MHD_Result reply_error(struct MHD_Connection *connection, enum receiver_error error, const char *text) {
    return reply_text(connection, reply_status(error), text && *text ? text : receiver_error_text(error), NULL);
}

static enum MHD_Result reply(struct MHD_Connection *connection, enum receiver_error error, const char *text, struct json *json) {
    if (error == RECEIVER_OK) {
        return reply_json(connection, json);
    }
    json_free(json);
    return reply_error(connection, error, text);
}

// ---- /info, as a Datadog Agent answers: clients look into "endpoints" for what they may send ----

static enum MHD_Result answer_info(struct MHD_Connection *connection) {
    struct json json = {0};
    json_object_begin(&json);
    json_key(&json, "version");
    json_text(&json, RECEIVER_VERSION);
    json_key(&json, "git_commit");
    json_text(&json, "");
    json_key(&json, "endpoints");
    json_array_begin(&json);
    json_text(&json, "/profiling/v1/input");
    json_array_end(&json);
    json_key(&json, "client_drop_p0s");
    json_bool(&json, false);
    json_key(&json, "config");
    json_object_begin(&json);
    json_object_end(&json);
    json_object_end(&json);
    return reply_json(connection, &json);
}

// ---- Uploads ----

static enum MHD_Result answer_list(struct api *api, struct MHD_Connection *connection) {
    const char *limit_text = argument(connection, "limit");
    char *end = NULL;
    long limit = limit_text ? strtol(limit_text, &end, 10) : LIST_DEFAULT;
    if (limit < 1 || (end && (*end || end == limit_text))) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "limit is not a number from 1 to 1000", NULL);
    }
    struct json json = {0};
    int count = limit < LIST_MAX ? (int)limit : LIST_MAX;
    enum receiver_error error = catalog_list(store_catalog(api->store), argument(connection, "service"), count, &json);
    return reply(connection, error, NULL, &json);
}

static enum MHD_Result answer_upload(struct api *api, struct MHD_Connection *connection, int64_t id) {
    struct json json = {0};
    enum receiver_error error = catalog_describe(store_catalog(api->store), id, &json);
    return reply(connection, error, error == RECEIVER_NOT_FOUND ? "no such upload" : NULL, &json);
}

// ---- Attachments ----

static enum receiver_error read_all(int file, size_t size, char **bytes) {
    *bytes = malloc(size + 1);
    size_t used = 0;
    while (*bytes && used < size) {
        ssize_t count = read(file, *bytes + used, size - used);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            free(*bytes);
            return RECEIVER_IO;
        }
        used += (size_t)count;
    }
    return *bytes ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

enum what { WHAT_BYTES, WHAT_TYPES, WHAT_TREE };

static enum MHD_Result answer_view(struct api *api, struct MHD_Connection *connection, enum what what, int file, size_t size) {
    const char *memory_text = argument(connection, "memory");
    memory_text = memory_text ? memory_text : "";
    enum view_memory memory = strcmp(memory_text, "C") == 0 ? VIEW_C : strcmp(memory_text, "Go") == 0 ? VIEW_GO : VIEW_ALL;
    if (memory == VIEW_ALL && *memory_text) {
        close(file);
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "memory is neither C nor Go", NULL);
    }
    struct json json = {0};
    char text[256] = "", *bytes = NULL;
    while (sem_wait(&api->decoding) != 0) {
    }
    enum receiver_error error = read_all(file, size, &bytes);
    close(file);
    if (error == RECEIVER_OK) {
        error = what == WHAT_TYPES ? view_types(bytes, size, &json, text, sizeof text)
                                   : view_tree(bytes, size, argument(connection, "type"), memory, &json, text, sizeof text);
        free(bytes);
    }
    sem_post(&api->decoding);
    if (error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE) {
        json_free(&json);
        return reply_text(connection, MHD_HTTP_UNPROCESSABLE_CONTENT, text, NULL);
    }
    return reply(connection, error, text, &json);
}

// name is "NAME", "NAME/types" or "NAME/tree"; a stored name has no slash.
static enum MHD_Result answer_attachment(struct api *api, struct MHD_Connection *connection, int64_t id, const char *name) {
    struct catalog_attachment attachment;
    char bare[CATALOG_NAME_MAX_BYTES + 1];
    const char *slash = strchr(name, '/');
    size_t length = slash ? (size_t)(slash - name) : strlen(name);
    enum what what = !slash ? WHAT_BYTES : strcmp(slash, "/types") == 0 ? WHAT_TYPES : WHAT_TREE;
    if (length > CATALOG_NAME_MAX_BYTES || (what == WHAT_TREE && strcmp(slash, "/tree") != 0)) {
        return reply_text(connection, MHD_HTTP_NOT_FOUND, "no such path", NULL);
    }
    memcpy(bare, name, length);
    bare[length] = '\0';
    int file = -1;
    enum receiver_error error = store_read(api->store, id, bare, &attachment, &file);
    if (error != RECEIVER_OK) {
        return reply_error(connection, error, error == RECEIVER_NOT_FOUND ? "no such attachment" : NULL);
    }
    if (what == WHAT_BYTES) {
        return reply_file(connection, file, attachment.size_bytes, attachment.name);
    }
    return answer_view(api, connection, what, file, attachment.size_bytes);
}

enum MHD_Result api_answer(struct api *api, struct MHD_Connection *connection, const char *path) {
    static const char uploads[] = "/api/uploads", attachments[] = "/attachments/";
    if (strcmp(path, "/info") == 0) {
        return answer_info(connection);
    }
    if (strcmp(path, uploads) == 0) {
        return answer_list(api, connection);
    }
    if (strncmp(path, uploads, sizeof uploads - 1) == 0 && path[sizeof uploads - 1] == '/') {
        const char *number = path + sizeof uploads;
        char *end;
        errno = 0;
        int64_t id = *number >= '0' && *number <= '9' ? strtoll(number, &end, 10) : 0;
        if (id > 0 && errno == 0 && *end == '\0') {
            return answer_upload(api, connection, id);
        }
        if (id > 0 && errno == 0 && strncmp(end, attachments, sizeof attachments - 1) == 0) {
            return answer_attachment(api, connection, id, end + sizeof attachments - 1);
        }
    }
    return reply_text(connection, MHD_HTTP_NOT_FOUND, "no such path", NULL);
}
