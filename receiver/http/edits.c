// edits.c: changes of what is stored (edits.h).
#include "edits.h"
#include "../base/failure.h"
#include "../store/annotations.h"
#include "../store/marked_uploads.h"
#include "../store/saved_views.h"
#include "reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct edit_route {
    const char *begin, *end; // of the path, before and behind its number; end NULL: it has none
    const char *method, *allow;
    enum access_action access;
    const char *unknown; // said of a number that is none
    enum receiver_error (*act)(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size);
};

// ---- Uploads ----

static enum receiver_error remove_upload(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    (void)answer;
    return store_remove(store, edit->id, text, text_size);
}

static enum receiver_error pin_upload(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    (void)answer;
    return store_pin(store, edit->id, true, text, text_size);
}

static enum receiver_error unpin_upload(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    (void)answer;
    return store_pin(store, edit->id, false, text, text_size);
}

static enum receiver_error write_note(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    (void)answer;
    return store_write_note(store, edit->id, edit->body ? edit->body : "", edit->size, text, text_size);
}

static enum receiver_error remove_note(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    (void)answer;
    return store_write_note(store, edit->id, "", 0, text, text_size);
}

// ---- Annotations ----

static enum receiver_error add_annotation(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    int64_t id = 0;
    enum receiver_error error = annotation_add(store, edit->body ? edit->body : "", edit->size, &id, text, text_size);
    json_object_begin(answer);
    json_member_number(answer, "id", id);
    json_object_end(answer);
    return error;
}

static enum receiver_error remove_annotation(const struct edit *edit, struct store *store, struct json *answer, char *text,
                                             size_t text_size) {
    (void)answer, (void)text, (void)text_size;
    return annotation_remove(store, edit->id);
}

// ---- Views ----

static enum receiver_error add_view(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    int64_t id = 0;
    enum receiver_error error = saved_view_add(store, edit->body ? edit->body : "", edit->size, &id, text, text_size);
    json_object_begin(answer);
    json_member_number(answer, "id", id);
    json_object_end(answer);
    return error;
}

static enum receiver_error remove_view(const struct edit *edit, struct store *store, struct json *answer, char *text, size_t text_size) {
    (void)answer, (void)text, (void)text_size;
    return saved_view_remove(store, edit->id);
}

static const struct edit_route routes[] = {
    {"/api/annotations", NULL, "POST", "GET, HEAD, POST", ACCESS_SEND_SYMBOLS, "", add_annotation},
    {"/api/views", NULL, "POST", "GET, HEAD, POST", ACCESS_MANAGE, "", add_view},
    {"/api/views/", "", "DELETE", "DELETE", ACCESS_MANAGE, "no such view", remove_view},
    {"/api/annotations/", "", "DELETE", "DELETE", ACCESS_MANAGE, "no such annotation", remove_annotation},
    {"/api/uploads/", "", "DELETE", "GET, HEAD, DELETE", ACCESS_MANAGE, "no such upload", remove_upload},
    {"/api/uploads/", "/pin", "PUT", "PUT, DELETE", ACCESS_MANAGE, "no such upload", pin_upload},
    {"/api/uploads/", "/pin", "DELETE", "PUT, DELETE", ACCESS_MANAGE, "no such upload", unpin_upload},
    {"/api/uploads/", "/note", "PUT", "PUT, DELETE", ACCESS_MANAGE, "no such upload", write_note},
    {"/api/uploads/", "/note", "DELETE", "PUT, DELETE", ACCESS_MANAGE, "no such upload", remove_note},
};

// ---- Requests ----

static bool is_path_of(const struct edit_route *route, const char *path, int64_t *id) {
    size_t length = strlen(route->begin);
    *id = 0;
    if (strncmp(path, route->begin, length) != 0 || !route->end) {
        return !route->end && strcmp(path, route->begin) == 0;
    }
    char *end = (char *)path + length;
    errno = 0;
    *id = *end >= '0' && *end <= '9' ? strtoll(end, &end, 10) : 0;
    return errno == 0 && *id > 0 && strcmp(end, route->end) == 0;
}

bool edit_find(const char *path, const char *method, struct edit *edit, const char **allow) {
    *allow = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        int64_t id;
        if (is_path_of(&routes[i], path, &id)) {
            *allow = routes[i].allow;
            if (strcmp(method, routes[i].method) == 0) {
                *edit = (struct edit){.route = &routes[i], .id = id};
            }
        }
    }
    return *allow;
}

enum access_action edit_access(const struct edit *edit) {
    return edit->route->access;
}

bool edit_data(struct edit *edit, const char *bytes, size_t size) {
    edit->received += size;
    if (edit->received > EDIT_BODY_BYTES) {
        return edit->received <= (size_t)2 * EDIT_BODY_BYTES; // who sends a little too much is to see the answer
    }
    edit->body = edit->body ? edit->body : malloc(EDIT_BODY_BYTES + 1);
    if (edit->body) {
        memcpy(edit->body + edit->size, bytes, size);
        edit->size += size;
        edit->body[edit->size] = '\0';
    }
    return true;
}

void edit_answer(const struct edit *edit, struct store *store, struct MHD_Connection *connection) {
    char text[300] = "";
    struct json answer = {0};
    enum receiver_error error = edit->received > EDIT_BODY_BYTES ? RECEIVER_TOO_LARGE
                                : edit->received > edit->size    ? RECEIVER_NO_MEMORY
                                                                 : edit->route->act(edit, store, &answer, text, sizeof text);
    if (error != RECEIVER_OK) {
        json_free(&answer);
        const char *why = *text ? text : error == RECEIVER_NOT_FOUND ? edit->route->unknown : receiver_error_text(error);
        reply_text(connection, reply_status(error), why, NULL);
        return;
    }
    if (answer.size == 0) {
        json_object_begin(&answer);
        json_member_number(&answer, "id", edit->id);
        json_object_end(&answer);
    }
    reply_kept(connection, &answer);
}

void edit_free(struct edit *edit) {
    free(edit->body);
    *edit = (struct edit){0};
}
