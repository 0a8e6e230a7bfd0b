// catalog_json.c: the index of uploads as JSON (catalog.h).
#include "catalog_row.h"
#include "../../base/utc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_tags(struct json *json, const char *tags) {
    json_array_begin(json);
    for (const char *tag = tags ? tags : ""; *tag;) {
        size_t length = strcspn(tag, ",");
        if (length > 0) {
            json_text_n(json, tag, length);
        }
        tag += length + (tag[length] == ',');
    }
    json_array_end(json);
}

static void write_time(struct json *json, int64_t unix_ms) {
    char text[UTC_TEXT_BYTES];
    utc_text(unix_ms, text);
    json_text(json, text);
}

// Returns false if the database is damaged.
static bool write_attachments(struct catalog *catalog, int64_t id, struct json *json) {
    struct catalog_attachment attachment;
    sqlite3_stmt *rows = catalog->read_attachments;
    json_array_begin(json);
    sqlite3_bind_int64(rows, 1, id);
    int step;
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        catalog_read_attachment(rows, &attachment);
        json_object_begin(json);
        json_key(json, "name");
        json_text(json, attachment.name);
        json_key(json, "size_bytes");
        json_number(json, (int64_t)attachment.size_bytes);
        json_key(json, "pprof");
        json_bool(json, attachment.pprof);
        json_key(json, "recording");
        json_bool(json, catalog_is_recording(attachment.name));
        json_object_end(json);
    }
    json_array_end(json);
    return step == SQLITE_DONE;
}

static void write_measures(sqlite3_stmt *row, struct json *json) {
    json_key(json, "measures");
    if (!sqlite3_column_int(row, COLUMN_MEASURED)) {
        json_text(json, NULL);
        return;
    }
    json_object_begin(json);
    for (int i = 0; i < MEASURE_COUNT; i++) {
        json_key(json, measure_names[i]);
        if (sqlite3_column_type(row, COLUMN_MEASURES + i) == SQLITE_NULL) {
            json_text(json, NULL);
        } else {
            json_real(json, sqlite3_column_double(row, COLUMN_MEASURES + i));
        }
    }
    json_object_end(json);
}

static void write_row(sqlite3_stmt *row, struct json *json) {
    json_key(json, "received");
    write_time(json, sqlite3_column_int64(row, COLUMN_RECEIVED));
    for (int i = 0; i < FACET_COUNT; i++) {
        json_key(json, facet_name((enum facet)i));
        json_text(json, (const char *)sqlite3_column_text(row, COLUMN_FACETS + i));
    }
    static const char *const keys[] = {"family", "start", "end"};
    for (int i = 0; i < 3; i++) {
        json_key(json, keys[i]);
        json_text(json, (const char *)sqlite3_column_text(row, COLUMN_FAMILY + i));
    }
    json_key(json, "tags");
    write_tags(json, (const char *)sqlite3_column_text(row, COLUMN_TAGS));
    const char *refused = (const char *)sqlite3_column_text(row, COLUMN_REFUSED);
    json_key(json, "refused");
    json_raw(json, refused ? refused : "[]", strlen(refused ? refused : "[]"));
    write_measures(row, json);
}

static void write_mark(struct catalog *catalog, int64_t id, struct json *json) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct mark *mark = marks_find(&catalog->marks, id);
    json_key(json, "pinned");
    json_bool(json, mark && mark->pinned);
    json_member_text(json, "note", mark ? mark->note : NULL);
    pthread_rwlock_unlock(&catalog->memory_lock);
}

enum receiver_error catalog_describe(struct catalog *catalog, int64_t id, struct json *json) {
    if (!catalog_has(catalog, id)) {
        return RECEIVER_NOT_FOUND;
    }
    pthread_mutex_lock(&catalog->read_lock);
    sqlite3_stmt *row = catalog->read_upload;
    sqlite3_bind_int64(row, 1, id);
    bool found = catalog->reader && sqlite3_step(row) == SQLITE_ROW;
    enum receiver_error error = found ? RECEIVER_OK : catalog_error(catalog, catalog->reader);
    error = error == RECEIVER_OK && !found ? RECEIVER_NOT_FOUND : error;
    if (found) {
        json_object_begin(json);
        json_key(json, "id");
        json_number(json, id);
        write_row(row, json);
        write_mark(catalog, id, json);
        json_key(json, "attachments");
        error = write_attachments(catalog, id, json) ? RECEIVER_OK : catalog_error(catalog, catalog->reader);
        json_object_end(json);
    }
    sqlite3_reset(catalog->read_attachments);
    sqlite3_reset(row);
    pthread_mutex_unlock(&catalog->read_lock);
    return error;
}

enum receiver_error catalog_list(struct catalog *catalog, const struct selection *selection, const struct search_order *order,
                                 const struct search_cursor *after, size_t limit, struct json *json) {
    int64_t *ids = NULL;
    size_t count, total;
    char *next = NULL;
    struct search_rest rest;
    enum receiver_error error = catalog_read_rest(catalog, selection, &rest);
    if (error != RECEIVER_OK) {
        return error;
    }
    pthread_rwlock_rdlock(&catalog->memory_lock);
    // One more than requested tells whether there are more.
    bool ok = search_select(&catalog->search, selection, &rest, order, after, limit + 1, &ids, &count, &total);
    if (ok && count > limit) {
        struct search_cursor last = search_cursor_of(&catalog->search, order, search_find(&catalog->search, ids[limit - 1]));
        ok = (next = search_cursor_text(order, &last));
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    error = ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    json_object_begin(json);
    json_key(json, "uploads");
    json_array_begin(json);
    for (size_t i = 0; error == RECEIVER_OK && i < count && i < limit; i++) {
        error = catalog_describe(catalog, ids[i], json);
        error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error; // retention has just removed it
    }
    json_array_end(json);
    json_key(json, "total");
    json_number(json, (int64_t)total);
    json_key(json, "next");
    json_text(json, next);
    search_rest_write(&rest, json);
    json_object_end(json);
    search_rest_free(&rest);
    free(next);
    free(ids);
    return error;
}

enum receiver_error catalog_facets(struct catalog *catalog, const struct selection *selection, const struct search_values *wanted,
                                   struct json *json) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = search_facets(&catalog->search, selection, wanted, json);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

enum receiver_error catalog_histogram(struct catalog *catalog, const struct selection *selection, const struct search_buckets *wanted,
                                      struct json *json) {
    struct search_rest rest;
    enum receiver_error error = catalog_read_rest(catalog, selection, &rest);
    if (error != RECEIVER_OK) {
        return error;
    }
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = search_histogram(&catalog->search, selection, &rest, wanted, json);
    pthread_rwlock_unlock(&catalog->memory_lock);
    search_rest_free(&rest);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
