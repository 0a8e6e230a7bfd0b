// catalog.c: the index of uploads (catalog.h): schema, adding, removing. What reads it for the API is in catalog_json.c.
#include "catalog_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SCHEMA_VERSION = 1 };

static const char schema[] = "CREATE TABLE IF NOT EXISTS upload(id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL,"
                             " service TEXT, env TEXT, version TEXT, host TEXT, runtime TEXT, language TEXT, family TEXT,"
                             " start_time TEXT, end_time TEXT, tags TEXT NOT NULL);"
                             "CREATE TABLE IF NOT EXISTS attachment(upload INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,"
                             " file TEXT NOT NULL, size_bytes INTEGER NOT NULL, pprof INTEGER NOT NULL,"
                             " PRIMARY KEY(upload, position), UNIQUE(upload, name)) WITHOUT ROWID;"
                             "PRAGMA user_version=1;";

sqlite3_stmt *catalog_prepare(struct catalog *catalog, const char *sql) {
    sqlite3_stmt *statement = NULL;
    return sqlite3_prepare_v2(catalog->database, sql, -1, &statement, NULL) == SQLITE_OK ? statement : NULL;
}

enum receiver_error catalog_error(struct catalog *catalog) {
    switch (sqlite3_errcode(catalog->database)) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RECEIVER_OK;
    case SQLITE_NOMEM:
        return RECEIVER_NO_MEMORY;
    case SQLITE_FULL:
        return RECEIVER_DISK_FULL;
    case SQLITE_IOERR:
        // A write that ran into a quota or a file size limit comes as an I/O error with the system's reason behind it.
        return receiver_error_from_errno(sqlite3_system_errno(catalog->database));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RECEIVER_BAD_INDEX;
    default:
        return RECEIVER_IO;
    }
}

static int64_t single_number(struct catalog *catalog, const char *sql) {
    sqlite3_stmt *statement = catalog_prepare(catalog, sql);
    int64_t number = statement && sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return number;
}

static bool run(struct catalog *catalog, const char *sql) {
    return sqlite3_exec(catalog->database, sql, NULL, NULL, NULL) == SQLITE_OK;
}

enum receiver_error catalog_open(const char *path, bool may_create, struct catalog **out, char *text, size_t text_size) {
    struct catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog) {
        return RECEIVER_NO_MEMORY;
    }
    pthread_mutex_init(&catalog->lock, NULL);
    int flags = SQLITE_OPEN_READWRITE | (may_create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
    int opened = sqlite3_open_v2(path, &catalog->database, flags, NULL);
    // The schema sets the version, so 0 is a file without one.
    if (!may_create && (opened == SQLITE_CANTOPEN || (opened == SQLITE_OK && single_number(catalog, "PRAGMA user_version") == 0))) {
        catalog_close(catalog);
        return RECEIVER_NOT_FOUND;
    }
    // FULL: an upload that was answered 200 survives a power cut, too.
    bool ok = opened == SQLITE_OK && run(catalog, "PRAGMA journal_mode=WAL") && run(catalog, "PRAGMA synchronous=FULL");
    if (ok && single_number(catalog, "PRAGMA user_version") > SCHEMA_VERSION) {
        snprintf(text, text_size, "%s was written by a newer version", path);
        catalog_close(catalog);
        return RECEIVER_BAD_INDEX;
    }
    if (!ok || !run(catalog, schema)) {
        snprintf(text, text_size, "%s: %s", path, catalog->database ? sqlite3_errmsg(catalog->database) : "out of memory");
        enum receiver_error error = catalog->database ? catalog_error(catalog) : RECEIVER_NO_MEMORY;
        catalog_close(catalog);
        return error == RECEIVER_OK || error == RECEIVER_IO ? RECEIVER_BAD_INDEX : error;
    }
    *out = catalog;
    return RECEIVER_OK;
}

void catalog_close(struct catalog *catalog) {
    if (!catalog) {
        return;
    }
    sqlite3_close(catalog->database);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

// ---- Adding ----

// Tags from the event and from outside, one string "k:v,k:v". The event's are a string or, from older clients, an array of strings.
static const char tags_sql[] =
    "SELECT CASE WHEN json_valid(?1) AND json_type(?1) = 'object' THEN 1 ELSE 0 END, json_extract(?1, '$.start'),"
    " json_extract(?1, '$.end'), json_extract(?1, '$.family'),"
    " trim(coalesce((SELECT group_concat(value, ',') FROM json_each(?1, '$.tags_profiler') WHERE type = 'text'), '') || ',' ||"
    " coalesce((SELECT group_concat(value, ',') FROM json_each(?1, '$.\"tags[]\"') WHERE type = 'text'), '') || ',' ||"
    " coalesce(?2, ''), ',')";

// The value of the first tag of that key, bound to parameter; NULL when there is none.
static void bind_tag(sqlite3_stmt *statement, int parameter, const char *tags, const char *key) {
    size_t key_length = strlen(key);
    for (const char *tag = tags; *tag;) {
        size_t length = strcspn(tag, ",");
        if (length > key_length && tag[key_length] == ':' && strncmp(tag, key, key_length) == 0) {
            sqlite3_bind_text(statement, parameter, tag + key_length + 1, (int)(length - key_length - 1), SQLITE_TRANSIENT);
            return;
        }
        tag += length + (tag[length] == ',');
    }
}

static bool insert_upload(struct catalog *catalog, sqlite3_stmt *event) {
    sqlite3_stmt *insert =
        catalog_prepare(catalog, "INSERT INTO upload(received_ms, service, env, version, host, runtime, language, family,"
                                 " start_time, end_time, tags) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)");
    if (!insert) {
        return false;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const char *tags = (const char *)sqlite3_column_text(event, 4);
    tags = tags ? tags : "";
    sqlite3_bind_int64(insert, 1, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    static const char *const keys[] = {"service", "env", "version", "host", "runtime", "language"};
    for (int i = 0; i < 6; i++) {
        bind_tag(insert, 2 + i, tags, keys[i]);
    }
    sqlite3_bind_value(insert, 8, sqlite3_column_value(event, 3));
    sqlite3_bind_value(insert, 9, sqlite3_column_value(event, 1));
    sqlite3_bind_value(insert, 10, sqlite3_column_value(event, 2));
    sqlite3_bind_text(insert, 11, tags, -1, SQLITE_TRANSIENT);
    bool ok = sqlite3_step(insert) == SQLITE_DONE;
    sqlite3_finalize(insert);
    return ok;
}

static bool insert_attachments(struct catalog *catalog, int64_t id, const struct catalog_attachment *attachments, size_t count) {
    sqlite3_stmt *insert = catalog_prepare(catalog, "INSERT INTO attachment VALUES(?,?,?,?,?,?)");
    bool ok = insert;
    for (size_t i = 0; ok && i < count; i++) {
        const struct catalog_attachment *attachment = &attachments[i];
        sqlite3_bind_int64(insert, 1, id);
        sqlite3_bind_int64(insert, 2, (int64_t)i);
        sqlite3_bind_text(insert, 3, attachment->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, attachment->file, -1, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 5, (int64_t)attachment->size_bytes);
        sqlite3_bind_int(insert, 6, attachment->pprof);
        ok = sqlite3_step(insert) == SQLITE_DONE;
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    return ok;
}

// The row of tags_sql. Numbers are short; objects come as text.
static enum receiver_error check_sizes(sqlite3_stmt *event, char *text, size_t text_size) {
    static const char *const names[] = {NULL, "start", "end", "family", "tags"};
    for (int column = 1; column < 5; column++) {
        int limit = column == 4 ? CATALOG_TAGS_MAX_BYTES : CATALOG_FIELD_MAX_BYTES;
        if (sqlite3_column_type(event, column) == SQLITE_TEXT && sqlite3_column_bytes(event, column) > limit) {
            snprintf(text, text_size, "the event's %s: more than %d bytes", names[column], limit);
            return RECEIVER_TOO_LARGE;
        }
    }
    return RECEIVER_OK;
}

static enum receiver_error add(struct catalog *catalog, const char *event, size_t event_size, const char *more_tags,
                               const struct catalog_attachment *attachments, size_t count, int64_t *id, char *text, size_t text_size) {
    // SQLite's JSON functions read up to the first NUL byte, so what comes behind one would go unseen.
    if (memchr(event, 0, event_size)) {
        return RECEIVER_BAD_UPLOAD;
    }
    sqlite3_stmt *fields = catalog_prepare(catalog, tags_sql);
    if (!fields) {
        return RECEIVER_NO_MEMORY;
    }
    sqlite3_bind_text(fields, 1, event, (int)event_size, SQLITE_STATIC);
    sqlite3_bind_text(fields, 2, more_tags, -1, SQLITE_STATIC);
    // Text that is not JSON makes json_extract fail, so SQLITE_ERROR says the same as a 0 in the first column.
    int step = sqlite3_step(fields);
    enum receiver_error error = step == SQLITE_ROW && sqlite3_column_int(fields, 0) ? RECEIVER_OK
                                : step == SQLITE_ROW || step == SQLITE_ERROR        ? RECEIVER_BAD_UPLOAD
                                                                                    : catalog_error(catalog);
    if (error == RECEIVER_OK) {
        error = check_sizes(fields, text, text_size);
    }
    if (error == RECEIVER_OK && !insert_upload(catalog, fields)) {
        error = catalog_error(catalog);
    }
    sqlite3_finalize(fields);
    if (error != RECEIVER_OK) {
        return error;
    }
    *id = sqlite3_last_insert_rowid(catalog->database);
    return insert_attachments(catalog, *id, attachments, count) ? RECEIVER_OK : catalog_error(catalog);
}

enum receiver_error catalog_add_begin(struct catalog *catalog, const char *event, size_t event_size, const char *more_tags,
                                      const struct catalog_attachment *attachments, size_t count, int64_t *id, char *text,
                                      size_t text_size) {
    pthread_mutex_lock(&catalog->lock);
    enum receiver_error error = run(catalog, "BEGIN IMMEDIATE") ? RECEIVER_OK : catalog_error(catalog);
    if (error == RECEIVER_OK) {
        error = add(catalog, event, event_size, more_tags, attachments, count, id, text, text_size);
    }
    if (error != RECEIVER_OK) {
        if (error != RECEIVER_TOO_LARGE) {
            snprintf(text, text_size, "%s",
                     error == RECEIVER_BAD_UPLOAD ? "the event part is not a JSON object" : receiver_error_text(error));
        }
        catalog_add_end(catalog, false);
    }
    return error;
}

enum receiver_error catalog_add_end(struct catalog *catalog, bool keep) {
    enum receiver_error error = RECEIVER_OK;
    if (keep && !run(catalog, "COMMIT")) {
        error = catalog_error(catalog);
        keep = false;
    }
    // SQLite has rolled back by itself after some errors; then there is no transaction to end.
    if (!keep && !sqlite3_get_autocommit(catalog->database)) {
        run(catalog, "ROLLBACK");
    }
    pthread_mutex_unlock(&catalog->lock);
    return error;
}

// ---- Removing ----

static void remove_rows(struct catalog *catalog, int64_t id) {
    char sql[160];
    snprintf(sql, sizeof sql, "BEGIN; DELETE FROM attachment WHERE upload=%lld; DELETE FROM upload WHERE id=%lld; COMMIT", (long long)id,
             (long long)id);
    if (!run(catalog, sql) && !sqlite3_get_autocommit(catalog->database)) {
        run(catalog, "ROLLBACK");
    }
}

int64_t catalog_remove_oldest(struct catalog *catalog, uint32_t keep) {
    pthread_mutex_lock(&catalog->lock);
    int64_t id = 0;
    if (single_number(catalog, "SELECT count(*) FROM upload") > (int64_t)keep) {
        id = single_number(catalog, "SELECT min(id) FROM upload");
        remove_rows(catalog, id);
    }
    pthread_mutex_unlock(&catalog->lock);
    // A row that could not be removed keeps its files.
    return id > 0 && !catalog_has(catalog, id) ? id : 0;
}

bool catalog_has(struct catalog *catalog, int64_t id) {
    pthread_mutex_lock(&catalog->lock);
    sqlite3_stmt *statement = catalog_prepare(catalog, "SELECT 1 FROM upload WHERE id=?");
    sqlite3_bind_int64(statement, 1, id);
    // Asked before files are removed: when in doubt they stay.
    bool has = !statement || sqlite3_step(statement) != SQLITE_DONE;
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&catalog->lock);
    return has;
}
