// annotations.c: see annotations.h.
#include "annotations.h"
#include "notebook.h"
#include "store_directory.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Reading one ----

// A database in memory has the functions that read JSON. ?1: the body; of time its type too.
static const char fields_sql[] =
    "SELECT json_type(?1), json_type(?1, '$.time'), json_extract(?1, '$.time'), json_type(?1, '$.text'), json_extract(?1, '$.text'),"
    " json_type(?1, '$.link'), json_extract(?1, '$.link'), json_type(?1, '$.service'), json_extract(?1, '$.service'),"
    " json_type(?1, '$.tags'), coalesce((SELECT group_concat(value, ',') FROM json_each(?1, '$.tags') WHERE type = 'text'), ''),"
    " (SELECT count(*) FROM json_each(?1, '$.tags') WHERE type <> 'text' AND json_type(?1, '$.tags') <> 'null')"
    " WHERE json_valid(?1)";
enum { OBJECT, TIME_TYPE, TIME, TEXT_TYPE, TEXT, LINK_TYPE, LINK, SERVICE_TYPE, SERVICE, TAGS_TYPE, TAGS, OTHER_TAGS };

static const char *column(sqlite3_stmt *row, int at) {
    return (const char *)sqlite3_column_text(row, at);
}

// A text, or missing: NULL. Returns false for anything else, and where a zero byte is in it.
static bool read_text(sqlite3_stmt *row, int type, const char **value) {
    const char *is = column(row, type);
    bool missing = !is || strcmp(is, "null") == 0;
    *value = missing ? NULL : column(row, type + 1);
    return missing || (strcmp(is, "text") == 0 && *value && strlen(*value) == (size_t)sqlite3_column_bytes(row, type + 1));
}

static const char *read_time(sqlite3_stmt *row, int64_t now_ms, int64_t *time_ms) {
    const char *type = column(row, TIME_TYPE);
    *time_ms = now_ms;
    if (type && strcmp(type, "null") != 0 && !selection_time(column(row, TIME), time_ms)) {
        return "time is neither unix milliseconds nor a time like 2026-01-02T03:04:05Z";
    }
    return *time_ms > now_ms + ANNOTATION_AHEAD_MS ? "time is more than a day ahead" : NULL;
}

// What a browser may be sent to: an address without anything that ends an attribute or a line.
static bool is_link(const char *link) {
    bool is_web = strncmp(link, "https://", 8) == 0 || strncmp(link, "http://", 7) == 0;
    for (const char *c = link; *c; c++) {
        is_web = is_web && *c > ' ' && *c < 0x7F && !strchr("\"'<>`\\", *c);
    }
    return is_web;
}

// Joins service and tags. NULL: they are not right.
static const char *join_tags(const char *service, const char *tags, char joined[ANNOTATION_TAGS_BYTES + 1]) {
    size_t used = 0, count = 0;
    joined[0] = '\0';
    if (service && *service) {
        if (strchr(service, ',') || strlen(service) > 200) {
            return NULL;
        }
        used = (size_t)sprintf(joined, "service:%s", service);
    }
    for (const char *tag = tags; *tag;) {
        size_t length = strcspn(tag, ",");
        const char *colon = memchr(tag, ':', length);
        if (length > 0 && (!colon || colon == tag || ++count > ANNOTATION_TAGS || used + length + 1 > ANNOTATION_TAGS_BYTES)) {
            return NULL;
        }
        if (length > 0) {
            used += (size_t)sprintf(joined + used, "%s%.*s", used > 0 ? "," : "", (int)length, tag);
        }
        tag += length + (tag[length] == ',');
    }
    return notebook_is_note(joined, used) && !strpbrk(joined, "\n\t") ? joined : NULL;
}

// Returns why it is none, or NULL. The texts are the statement's, or joined.
static const char *check(sqlite3_stmt *row, int64_t now_ms, struct notebook_annotation *annotation, char joined[ANNOTATION_TAGS_BYTES + 1],
                         bool *too_large) {
    const char *service, *type = column(row, TAGS_TYPE), *why = read_time(row, now_ms, &annotation->time_ms);
    *too_large = false;
    if (why) {
        return why;
    }
    if (!read_text(row, TEXT_TYPE, &annotation->text) || !annotation->text || !*annotation->text ||
        !notebook_is_note(annotation->text, strlen(annotation->text))) {
        return "text is missing, or not text without control characters";
    }
    if (!read_text(row, LINK_TYPE, &annotation->link) || (annotation->link && *annotation->link && !is_link(annotation->link))) {
        return "link is no address with http or https";
    }
    annotation->link = annotation->link && *annotation->link ? annotation->link : NULL;
    *too_large = strlen(annotation->text) > ANNOTATION_TEXT_BYTES || (annotation->link && strlen(annotation->link) > ANNOTATION_LINK_BYTES);
    if (*too_large) {
        return "text has at most 500 bytes, link 1000";
    }
    bool are_texts = !type || strcmp(type, "null") == 0 || strcmp(type, "text") == 0 || strcmp(type, "array") == 0;
    bool is_service = read_text(row, SERVICE_TYPE, &service);
    annotation->tags =
        is_service && are_texts && sqlite3_column_int(row, OTHER_TAGS) == 0 ? join_tags(service, column(row, TAGS), joined) : NULL;
    return annotation->tags ? NULL : "service is a text, and tags a list of at most 32 texts KEY:VALUE, 4000 bytes together";
}

// oldest_ms: what is earlier would be removed at once.
static enum receiver_error add(struct notebook *notebook, sqlite3 *database, const char *body, size_t size, int64_t oldest_ms, int64_t *id,
                               bool *fresh, char *text, size_t text_size) {
    sqlite3_stmt *row = NULL;
    char joined[ANNOTATION_TAGS_BYTES + 1];
    struct notebook_annotation annotation = {0};
    bool too_large = false;
    bool ok = sqlite3_prepare_v2(database, fields_sql, -1, &row, NULL) == SQLITE_OK &&
              sqlite3_bind_text64(row, 1, body, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
              column(row, OBJECT) && strcmp(column(row, OBJECT), "object") == 0;
    const char *why = ok ? check(row, store_now_ms(), &annotation, joined, &too_large) : "the body is no JSON object";
    snprintf(text, text_size, "%s", why ? why : "");
    bool too_old = !why && annotation.time_ms < oldest_ms;
    enum receiver_error error = too_old     ? RECEIVER_CONFLICT
                                : !why      ? notebook_annotate(notebook, &annotation, id, fresh)
                                : too_large ? RECEIVER_TOO_LARGE
                                            : RECEIVER_BAD_UPLOAD;
    if (too_old) {
        snprintf(text, text_size, "time is longer ago than --retention keeps annotations");
    } else if (error == RECEIVER_CONFLICT) {
        snprintf(text, text_size, "%d annotations are kept, and all are later", NOTEBOOK_ANNOTATIONS_MAX);
    }
    sqlite3_finalize(row);
    return error;
}

enum receiver_error annotation_add(struct store *store, const char *body, size_t size, int64_t *id, char *text, size_t text_size) {
    sqlite3 *database = NULL;
    bool fresh;
    enum receiver_error error = RECEIVER_NO_MEMORY;
    if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        int64_t age_ms = store->options.retention_ms;
        error = add(store->notebook, database, body, size, age_ms ? store_now_ms() - age_ms : INT64_MIN, id, &fresh, text, text_size);
    }
    sqlite3_close(database);
    return error;
}

enum receiver_error annotation_remove(struct store *store, int64_t id) {
    return notebook_remove_annotation(store->notebook, id);
}

size_t annotations_import(struct notebook *notebook, const char *json, size_t size, uint64_t *taken) {
    sqlite3 *database = NULL;
    sqlite3_stmt *rows = NULL;
    size_t refused = 0;
    bool ok = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(database, "SELECT value FROM json_each(?1, '$.annotations')", -1, &rows, NULL) == SQLITE_OK &&
              sqlite3_bind_text64(rows, 1, json, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
    while (ok && sqlite3_step(rows) == SQLITE_ROW) {
        const char *body = (const char *)sqlite3_column_text(rows, 0);
        int64_t id;
        char text[200];
        bool fresh, is_taken = body && add(notebook, database, body, (size_t)sqlite3_column_bytes(rows, 0), INT64_MIN, &id, &fresh, text,
                                           sizeof text) == RECEIVER_OK;
        refused += !is_taken;
        *taken += is_taken && fresh;
    }
    sqlite3_finalize(rows);
    sqlite3_close(database);
    return refused;
}

// ---- Of a selection ----

static const char *key_of(const struct selection_value *value, size_t *length) {
    const char *key = value->facet >= 0 ? facet_name((enum facet)value->facet) : value->text;
    *length = value->facet >= 0 ? strlen(key) : strcspn(key, ":");
    return key;
}

// Whether tags have one of the key; *same: one that is the value's.
static bool has_key(const char *tags, const struct selection_value *value, bool *same) {
    size_t key_length, length;
    const char *key = key_of(value, &key_length), *wanted = value->facet >= 0 ? value->text : value->text + key_length + 1;
    bool has = false;
    for (const char *tag = tags; *tag; tag += length + (tag[length] == ',')) {
        length = strcspn(tag, ",");
        if (length > key_length && strncmp(tag, key, key_length) == 0 && tag[key_length] == ':') {
            has = true;
            *same |= length - key_length - 1 == strlen(wanted) && memcmp(tag + key_length + 1, wanted, strlen(wanted)) == 0;
        }
    }
    return has;
}

static bool is_same_key(const struct selection_value *a, const struct selection_value *b) {
    size_t length_a, length_b;
    const char *key_a = key_of(a, &length_a), *key_b = key_of(b, &length_b);
    return length_a == length_b && memcmp(key_a, key_b, length_a) == 0;
}

// Any value of a key will do; all keys must that it has a tag of.
static bool matches(const struct selection *selection, const char *tags) {
    for (size_t i = 0; i < selection->value_count; i++) {
        bool same = false, has = false;
        for (size_t j = 0; j < selection->value_count; j++) {
            if (is_same_key(&selection->values[i], &selection->values[j])) {
                has |= has_key(tags, &selection->values[j], &same);
            }
        }
        if (has && !same) {
            return false;
        }
    }
    return true;
}

struct writing {
    const struct selection *selection;
    struct json *json;
    size_t count, left_out;
};

static bool write_one(void *context, const struct notebook_annotation *annotation) {
    struct writing *writing = context;
    struct json *json = writing->json;
    if (!matches(writing->selection, annotation->tags)) {
        return true;
    }
    if (writing->count == ANNOTATIONS_ANSWER) {
        writing->left_out++;
        return true;
    }
    writing->count++;
    json_object_begin(json);
    json_member_number(json, "id", annotation->id);
    json_member_number(json, "time_ms", annotation->time_ms);
    json_member_text(json, "text", annotation->text);
    json_member_text(json, "link", annotation->link);
    json_key(json, "tags");
    json_array_begin(json);
    for (const char *tag = annotation->tags; *tag;) {
        size_t length = strcspn(tag, ",");
        json_text_n(json, tag, length);
        tag += length + (tag[length] == ',');
    }
    json_array_end(json);
    json_object_end(json);
    return true;
}

enum receiver_error annotations_write(struct store *store, const struct selection *selection, struct json *json) {
    struct writing writing = {.selection = selection, .json = json};
    json_object_begin(json);
    json_key(json, "annotations");
    json_array_begin(json);
    enum receiver_error error = notebook_each_annotation(store->notebook, selection->from_ms, selection->to_ms, write_one, &writing);
    json_array_end(json);
    json_member_number(json, "left_out", (int64_t)writing.left_out);
    json_object_end(json);
    return error;
}
