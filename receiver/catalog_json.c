// catalog_json.c: the index of uploads as JSON, and the look-up of one attachment (catalog.h).
#include "catalog_row.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define UPLOAD_COLUMNS "id, received_ms, service, env, version, host, runtime, language, family, start_time, end_time, tags"

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
    char text[40];
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, sizeof text - length, ".%03dZ", (int)(unix_ms % 1000));
    json_text(json, text);
}

static void write_attachments(struct catalog *catalog, int64_t id, struct json *json) {
    json_array_begin(json);
    sqlite3_stmt *rows = catalog_prepare(catalog, "SELECT name, size_bytes, pprof FROM attachment WHERE upload=? ORDER BY position");
    sqlite3_bind_int64(rows, 1, id);
    while (rows && sqlite3_step(rows) == SQLITE_ROW) {
        json_object_begin(json);
        json_key(json, "name");
        json_text(json, (const char *)sqlite3_column_text(rows, 0));
        json_key(json, "size_bytes");
        json_number(json, sqlite3_column_int64(rows, 1));
        json_key(json, "pprof");
        json_bool(json, sqlite3_column_int(rows, 2));
        json_object_end(json);
    }
    sqlite3_finalize(rows);
    json_array_end(json);
}

// The row is one of UPLOAD_COLUMNS.
static void write_upload(struct catalog *catalog, sqlite3_stmt *row, struct json *json) {
    static const char *const keys[] = {"service", "env", "version", "host", "runtime", "language", "family", "start", "end"};
    int64_t id = sqlite3_column_int64(row, 0);
    json_object_begin(json);
    json_key(json, "id");
    json_number(json, id);
    json_key(json, "received");
    write_time(json, sqlite3_column_int64(row, 1));
    for (int i = 0; i < 9; i++) {
        json_key(json, keys[i]);
        json_text(json, (const char *)sqlite3_column_text(row, 2 + i));
    }
    json_key(json, "tags");
    write_tags(json, (const char *)sqlite3_column_text(row, 11));
    json_key(json, "attachments");
    write_attachments(catalog, id, json);
    json_object_end(json);
}

enum receiver_error catalog_list(struct catalog *catalog, const char *service, int limit, struct json *json) {
    pthread_mutex_lock(&catalog->lock);
    sqlite3_stmt *rows = catalog_prepare(catalog, "SELECT " UPLOAD_COLUMNS " FROM upload"
                                                  " WHERE ?1 IS NULL OR ?1 = '' OR instr(lower(coalesce(service, '')), lower(?1)) > 0"
                                                  " ORDER BY id DESC LIMIT ?2");
    sqlite3_bind_text(rows, 1, service, -1, SQLITE_STATIC);
    sqlite3_bind_int(rows, 2, limit);
    json_object_begin(json);
    json_key(json, "uploads");
    json_array_begin(json);
    while (rows && sqlite3_step(rows) == SQLITE_ROW) {
        write_upload(catalog, rows, json);
    }
    json_array_end(json);
    json_object_end(json);
    enum receiver_error error = catalog_error(catalog);
    sqlite3_finalize(rows);
    pthread_mutex_unlock(&catalog->lock);
    return error;
}

// No row came: there is none, unless the database says otherwise.
static enum receiver_error why_no_row(struct catalog *catalog) {
    enum receiver_error error = catalog_error(catalog);
    return error == RECEIVER_OK ? RECEIVER_NOT_FOUND : error;
}

enum receiver_error catalog_describe(struct catalog *catalog, int64_t id, struct json *json) {
    pthread_mutex_lock(&catalog->lock);
    sqlite3_stmt *row = catalog_prepare(catalog, "SELECT " UPLOAD_COLUMNS " FROM upload WHERE id=?1");
    sqlite3_bind_int64(row, 1, id);
    enum receiver_error error = RECEIVER_OK;
    if (row && sqlite3_step(row) == SQLITE_ROW) {
        write_upload(catalog, row, json);
    } else {
        error = why_no_row(catalog);
    }
    sqlite3_finalize(row);
    pthread_mutex_unlock(&catalog->lock);
    return error;
}

enum receiver_error catalog_find(struct catalog *catalog, int64_t id, const char *name, struct catalog_attachment *attachment) {
    pthread_mutex_lock(&catalog->lock);
    sqlite3_stmt *row = catalog_prepare(catalog, "SELECT name, file, size_bytes, pprof FROM attachment WHERE upload=?1 AND name=?2");
    sqlite3_bind_int64(row, 1, id);
    sqlite3_bind_text(row, 2, name, -1, SQLITE_STATIC);
    enum receiver_error error = RECEIVER_OK;
    if (row && sqlite3_step(row) == SQLITE_ROW) {
        snprintf(attachment->name, sizeof attachment->name, "%s", (const char *)sqlite3_column_text(row, 0));
        snprintf(attachment->file, sizeof attachment->file, "%s", (const char *)sqlite3_column_text(row, 1));
        attachment->size_bytes = (uint64_t)sqlite3_column_int64(row, 2);
        attachment->pprof = sqlite3_column_int(row, 3);
    } else {
        error = why_no_row(catalog);
    }
    sqlite3_finalize(row);
    pthread_mutex_unlock(&catalog->lock);
    return error;
}
