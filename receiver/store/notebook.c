// notebook.c: users' own data in SQLite (notebook.h).
#include "notebook.h"
#include "../../base/utf8.h"
#include "../base/failure.h"
#include "../base/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 3, LOCKED_MS = 5000 };

static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE IF NOT EXISTS mark(upload INTEGER PRIMARY KEY, pinned INTEGER NOT NULL, note TEXT);"
                             "CREATE TABLE IF NOT EXISTS annotation(id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
                             " text TEXT NOT NULL, link TEXT, tags TEXT NOT NULL);"
                             "CREATE INDEX IF NOT EXISTS annotation_time ON annotation(time_ms);"
                             "CREATE TABLE IF NOT EXISTS view(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
                             " address TEXT NOT NULL);"
                             "PRAGMA user_version=3;"
                             "COMMIT;";

struct notebook {
    pthread_mutex_t lock;
    sqlite3 *database; // guarded by lock; NULL: there is no file yet
    char *path;
};

// SQLITE_ERROR: its tables are not those of the version.
static enum receiver_error error_of(sqlite3 *database) {
    return !database ? RECEIVER_NO_MEMORY : sqlite3_errcode(database) == SQLITE_ERROR ? RECEIVER_DAMAGED : sqlite_error(database);
}

// ---- Opening ----

// All pages and rows: an answer without some of the pins would have their uploads removed.
static enum receiver_error check(sqlite3 *database) {
    sqlite3_stmt *row = NULL;
    enum receiver_error error = RECEIVER_OK;
    if (sqlite_number(database, "SELECT count(*) FROM mark") < 0 ||
        sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &row, NULL) != SQLITE_OK || sqlite3_step(row) != SQLITE_ROW) {
        error = error_of(database);
        error = error == RECEIVER_OK ? RECEIVER_DAMAGED : error;
    } else if (strcmp((const char *)sqlite3_column_text(row, 0), "ok") != 0) {
        error = RECEIVER_DAMAGED;
    }
    sqlite3_finalize(row);
    return error;
}

// No WAL: it is read without a file beside it, also on a full or read-only disk, and written seldom. EXTRA: the end of the journal is
// synced too.
static enum receiver_error open_file(struct notebook *notebook, bool create) {
    int file = open(notebook->path, O_RDWR | (create ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC, 0600); // SQLite's own is for all to read
    bool is_read_only = file < 0 && errno == EROFS;
    if (file < 0 && !is_read_only) {
        return errno == ENOENT && !create ? RECEIVER_NOT_FOUND : receiver_error_from_errno(errno);
    }
    if (file >= 0) {
        close(file);
    }
    int flags = (is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(notebook->path, &notebook->database, flags, NULL) == SQLITE_OK;
    sqlite3_busy_timeout(notebook->database, LOCKED_MS);
    int64_t version = ok ? sqlite_number(notebook->database, "PRAGMA user_version") : -1;
    int64_t tables = version == 0 ? sqlite_number(notebook->database, "SELECT count(*) FROM sqlite_schema") : 0;
    enum receiver_error error = version > VERSION                                            ? RECEIVER_BAD_DIRECTORY
                                : tables > 0                                                 ? RECEIVER_DAMAGED
                                : version < 0 || tables < 0                                  ? error_of(notebook->database)
                                : sqlite_run(notebook->database, "PRAGMA synchronous=EXTRA") ? RECEIVER_OK
                                                                                             : error_of(notebook->database);
    if (error == RECEIVER_OK && version < VERSION && !is_read_only && !sqlite_run(notebook->database, schema)) {
        error = error_of(notebook->database);
    }
    if (error == RECEIVER_OK) {
        error = check(notebook->database);
    }
    if (error != RECEIVER_OK) {
        sqlite3_close(notebook->database);
        notebook->database = NULL;
    }
    return error;
}

// A file that was begun and has nothing in it is as good as none.
static bool is_empty(const struct notebook *notebook) {
    struct stat about;
    return lstat(notebook->path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0;
}

// ---- Mending ----

// Of each table: its rows from both ends, so that damage within costs what is damaged. types: of the columns; i: a number, t: a text, n: a
// text or NULL.
static const struct {
    const char *rows[2], *insert, *types;
} tables[] = {
    {{"SELECT upload, pinned, note FROM mark ORDER BY upload", "SELECT upload, pinned, note FROM mark ORDER BY upload DESC"},
     "INSERT OR IGNORE INTO mark(upload, pinned, note) VALUES(?1, ?2, ?3)",
     "iin"},
    {{"SELECT id, time_ms, text, link, tags FROM annotation ORDER BY id",
      "SELECT id, time_ms, text, link, tags FROM annotation ORDER BY id DESC"},
     "INSERT OR IGNORE INTO annotation(id, time_ms, text, link, tags) VALUES(?1, ?2, ?3, ?4, ?5)",
     "iitnt"},
    {{"SELECT id, name, address FROM view ORDER BY id", "SELECT id, name, address FROM view ORDER BY id DESC"},
     "INSERT OR IGNORE INTO view(id, name, address) VALUES(?1, ?2, ?3)",
     "itt"},
};
enum { TABLES = sizeof tables / sizeof *tables, ASIDE_MAX = 100, ROWS_MAX = 100 * 1000 };

static bool is_row(sqlite3_stmt *row, const char *types) {
    for (int i = 0; types[i]; i++) {
        int type = sqlite3_column_type(row, i);
        const char *text = type == SQLITE_TEXT ? (const char *)sqlite3_column_text(row, i) : NULL;
        bool ok = types[i] == 'i' ? type == SQLITE_INTEGER
                  : text          ? notebook_is_note(text, (size_t)sqlite3_column_bytes(row, i))
                                  : types[i] == 'n' && type == SQLITE_NULL;
        if (!ok) {
            return false;
        }
    }
    return sqlite3_column_int64(row, 0) > 0;
}

// Returns false if the new one cannot be written. What cannot be read is left out.
static bool copy_table(sqlite3 *from, sqlite3 *to, size_t table, int64_t *copied) {
    sqlite3_stmt *insert = NULL;
    bool ok = sqlite3_prepare_v2(to, tables[table].insert, -1, &insert, NULL) == SQLITE_OK;
    for (int end = 0; ok && end < 2; end++) {
        sqlite3_stmt *row = NULL;
        sqlite3_prepare_v2(from, tables[table].rows[end], -1, &row, NULL);
        for (int count = 0; ok && count < ROWS_MAX && row && sqlite3_step(row) == SQLITE_ROW; count++) { // damage may lead in circles
            if (!is_row(row, tables[table].types)) {
                continue;
            }
            for (int i = 0; tables[table].types[i]; i++) {
                sqlite3_bind_value(insert, i + 1, sqlite3_column_value(row, i));
            }
            ok = sqlite3_step(insert) == SQLITE_DONE;
            *copied += ok ? sqlite3_changes(to) : 0;
            sqlite3_reset(insert);
        }
        sqlite3_finalize(row);
    }
    sqlite3_finalize(insert);
    return ok;
}

// What can be read of the damaged file, as a new one at path.
static enum receiver_error salvage(const char *damaged, const char *path, int64_t copied[TABLES]) {
    sqlite3 *from = NULL, *to = NULL;
    unlink(path);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return receiver_error_from_errno(errno);
    }
    close(file);
    bool reads = sqlite3_open_v2(damaged, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
    bool ok = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
              sqlite_run(to, "PRAGMA synchronous=EXTRA") && sqlite_run(to, schema) && sqlite_run(to, "BEGIN");
    for (size_t i = 0; ok && reads && i < TABLES; i++) {
        ok = copy_table(from, to, i, &copied[i]);
    }
    ok = ok && sqlite_run(to, "COMMIT");
    enum receiver_error error = ok ? RECEIVER_OK : error_of(to);
    error = ok || error != RECEIVER_OK ? error : RECEIVER_IO;
    sqlite3_close(from);
    sqlite3_close(to);
    if (error != RECEIVER_OK) {
        unlink(path);
    }
    return error;
}

// Under the first name that is free: an older one may be all that is left of something. Beyond ASIDE_MAX the last one's name is taken. The
// name of it goes to aside; where the file system has no hard links, a power cut in between leaves it at that name alone.
static bool put_aside(const char *path, const char *fresh, char *aside, size_t aside_size) {
    for (int number = 1; number <= ASIDE_MAX; number++) {
        char ending[20] = "";
        if (number > 1) {
            snprintf(ending, sizeof ending, ".%d", number);
        }
        snprintf(aside, aside_size, "%s.damaged%s", path, ending);
        bool linked = link(path, aside) == 0;
        if (!linked && errno == EEXIST && number < ASIDE_MAX) {
            continue;
        }
        struct stat about;
        if (!linked && errno != EEXIST && number < ASIDE_MAX && lstat(aside, &about) == 0) {
            continue;
        }
        return (linked || rename(path, aside) == 0) && rename(fresh, path) == 0;
    }
    return false;
}

// text: what is kept, or the cause.
static enum receiver_error mend(struct notebook *notebook, char *text, size_t text_size) {
    int64_t copied[TABLES] = {0};
    char *fresh = NULL, *aside = NULL, *journal = NULL;
    size_t aside_size = strlen(notebook->path) + 40;
    enum receiver_error error = RECEIVER_NO_MEMORY;
    if (asprintf(&fresh, "%s.new", notebook->path) >= 0 && asprintf(&journal, "%s-journal", notebook->path) >= 0 &&
        (aside = malloc(aside_size))) {
        error = salvage(notebook->path, fresh, copied);
        if (error == RECEIVER_OK && !put_aside(notebook->path, fresh, aside, aside_size)) {
            error = receiver_error_from_errno(errno);
        }
    }
    if (error == RECEIVER_OK) {
        unlink(journal);
        snprintf(text, text_size,
                 "users' pins, notes, annotations and views were damaged (they are %s now): %d pins and notes, %d annotations and %d views "
                 "could be read and are kept; until the next start no upload is removed for its age",
                 strrchr(aside, '/') + 1, (int)copied[0], (int)copied[1], (int)copied[2]);
        error = open_file(notebook, false);
    }
    free(fresh);
    free(aside);
    free(journal);
    return error;
}

enum receiver_error notebook_open(const char *directory, bool repairs, struct notebook **out, char *text, size_t text_size) {
    struct notebook *notebook = calloc(1, sizeof *notebook);
    text[0] = '\0';
    if (!notebook || asprintf(&notebook->path, "%s/notebook.sqlite", directory) < 0) {
        free(notebook);
        return RECEIVER_NO_MEMORY;
    }
    pthread_mutex_init(&notebook->lock, NULL);
    enum receiver_error error = is_empty(notebook) ? RECEIVER_NOT_FOUND : open_file(notebook, false);
    if (error == RECEIVER_DAMAGED && repairs) {
        error = mend(notebook, text, text_size);
    }
    if (error != RECEIVER_OK && error != RECEIVER_NOT_FOUND) {
        snprintf(text, text_size, "%s: %s", notebook->path,
                 error == RECEIVER_BAD_DIRECTORY         ? "was written by a newer version"
                 : error == RECEIVER_DAMAGED && !repairs ? "it is damaged; the next start of the receiver mends it"
                                                         : receiver_error_text(error));
        notebook_close(notebook);
        return error;
    }
    *out = notebook;
    return RECEIVER_OK;
}

void notebook_close(struct notebook *notebook) {
    if (notebook) {
        sqlite3_close(notebook->database);
        pthread_mutex_destroy(&notebook->lock);
        free(notebook->path);
        free(notebook);
    }
}

// ---- Statements ----

// Caller must hold lock, as below. NULL: *error says why; RECEIVER_OK where there is no file and none is to be made.
static sqlite3_stmt *prepare(struct notebook *notebook, bool writes, const char *sql, enum receiver_error *error) {
    sqlite3_stmt *statement = NULL;
    *error = notebook->database || !writes ? RECEIVER_OK : open_file(notebook, true);
    if (notebook->database && sqlite3_prepare_v2(notebook->database, sql, -1, &statement, NULL) != SQLITE_OK) {
        *error = error_of(notebook->database);
    }
    return statement;
}

static enum receiver_error end(struct notebook *notebook, sqlite3_stmt *statement, enum receiver_error error) {
    if (statement && error == RECEIVER_OK && sqlite3_step(statement) != SQLITE_DONE) {
        error = error_of(notebook->database);
        error = error == RECEIVER_OK ? RECEIVER_IO : error;
    }
    sqlite3_finalize(statement);
    return error;
}

// ---- Marks ----

enum receiver_error notebook_each_mark(struct notebook *notebook, notebook_take_mark take, void *context) {
    enum receiver_error error;
    int step = SQLITE_DONE;
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *rows = prepare(notebook, false, "SELECT upload, pinned, note FROM mark ORDER BY upload", &error);
    while (rows && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        if (!take(context, sqlite3_column_int64(rows, 0), sqlite3_column_int(rows, 1), (const char *)sqlite3_column_text(rows, 2))) {
            break;
        }
    }
    error = error == RECEIVER_OK && step != SQLITE_DONE && step != SQLITE_ROW ? error_of(notebook->database) : error;
    sqlite3_finalize(rows);
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

enum receiver_error notebook_mark(struct notebook *notebook, int64_t id, bool pinned, const char *note) {
    enum receiver_error error;
    bool is_wanted = pinned || (note && *note);
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *change = prepare(
        notebook, is_wanted,
        is_wanted ? "INSERT OR REPLACE INTO mark(upload, pinned, note) VALUES(?1, ?2, ?3)" : "DELETE FROM mark WHERE upload=?1", &error);
    sqlite3_bind_int64(change, 1, id);
    if (is_wanted && change) {
        sqlite3_bind_int(change, 2, pinned);
        sqlite3_bind_text(change, 3, note && *note ? note : NULL, -1, SQLITE_STATIC);
    }
    error = end(notebook, change, error);
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

// ---- Annotations ----

static int64_t find_same(struct notebook *notebook, const struct notebook_annotation *annotation) {
    enum receiver_error error;
    sqlite3_stmt *row =
        prepare(notebook, false, "SELECT id FROM annotation WHERE time_ms=?1 AND text=?2 AND tags=?3 AND link IS ?4", &error);
    sqlite3_bind_int64(row, 1, annotation->time_ms);
    sqlite3_bind_text(row, 2, annotation->text, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, annotation->tags, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 4, annotation->link, -1, SQLITE_STATIC);
    int64_t id = row && sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return id;
}

static enum receiver_error insert(struct notebook *notebook, const struct notebook_annotation *annotation) {
    enum receiver_error error;
    sqlite3_stmt *row = prepare(notebook, true, "INSERT INTO annotation(time_ms, text, tags, link) VALUES(?1, ?2, ?3, ?4)", &error);
    if (row) {
        sqlite3_bind_int64(row, 1, annotation->time_ms);
        sqlite3_bind_text(row, 2, annotation->text, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 3, annotation->tags, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 4, annotation->link, -1, SQLITE_STATIC);
    }
    return end(notebook, row, error);
}

// Whether it would be the one that goes.
static bool is_too_early(struct notebook *notebook, const struct notebook_annotation *annotation) {
    return notebook->database && sqlite_number(notebook->database, "SELECT count(*) FROM annotation") >= NOTEBOOK_ANNOTATIONS_MAX &&
           annotation->time_ms < sqlite_number(notebook->database, "SELECT min(time_ms) FROM annotation");
}

enum receiver_error notebook_annotate(struct notebook *notebook, const struct notebook_annotation *annotation, int64_t *id, bool *fresh) {
    enum receiver_error error = RECEIVER_OK;
    pthread_mutex_lock(&notebook->lock);
    *id = find_same(notebook, annotation);
    *fresh = *id == 0;
    if (*fresh) {
        error = is_too_early(notebook, annotation) ? RECEIVER_CONFLICT : insert(notebook, annotation);
        *id = error == RECEIVER_OK ? sqlite3_last_insert_rowid(notebook->database) : 0;
    }
    if (error == RECEIVER_OK && sqlite_number(notebook->database, "SELECT count(*) FROM annotation") > NOTEBOOK_ANNOTATIONS_MAX) {
        sqlite_run(notebook->database, "DELETE FROM annotation WHERE id = (SELECT id FROM annotation ORDER BY time_ms, id LIMIT 1)");
    }
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

static enum receiver_error remove_row(struct notebook *notebook, const char *sql, int64_t id) {
    enum receiver_error error;
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *row = prepare(notebook, false, sql, &error);
    sqlite3_bind_int64(row, 1, id);
    error = end(notebook, row, error);
    if (error == RECEIVER_OK && (!notebook->database || sqlite3_changes(notebook->database) == 0)) {
        error = RECEIVER_NOT_FOUND;
    }
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

enum receiver_error notebook_remove_annotation(struct notebook *notebook, int64_t id) {
    return remove_row(notebook, "DELETE FROM annotation WHERE id=?1", id);
}

void notebook_forget_annotations(struct notebook *notebook, int64_t before_ms) {
    enum receiver_error error;
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *rows = prepare(notebook, false, "DELETE FROM annotation WHERE time_ms<?1", &error);
    sqlite3_bind_int64(rows, 1, before_ms);
    end(notebook, rows, error); // or the next time
    pthread_mutex_unlock(&notebook->lock);
}

enum receiver_error notebook_each_annotation(struct notebook *notebook, int64_t from_ms, int64_t to_ms, notebook_take_annotation take,
                                             void *context) {
    enum receiver_error error;
    int step = SQLITE_DONE;
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *rows = prepare(notebook, false,
                                 "SELECT id, time_ms, text, link, tags FROM annotation WHERE time_ms>=?1 AND time_ms<?2"
                                 " ORDER BY time_ms DESC, id DESC",
                                 &error);
    sqlite3_bind_int64(rows, 1, from_ms);
    sqlite3_bind_int64(rows, 2, to_ms);
    while (rows && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const struct notebook_annotation annotation = {
            sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1), (const char *)sqlite3_column_text(rows, 2),
            (const char *)sqlite3_column_text(rows, 3), (const char *)sqlite3_column_text(rows, 4)};
        if (!take(context, &annotation)) {
            break;
        }
    }
    error = error == RECEIVER_OK && step != SQLITE_DONE && step != SQLITE_ROW ? error_of(notebook->database) : error;
    sqlite3_finalize(rows);
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

// ---- Views ----

enum receiver_error notebook_save_view(struct notebook *notebook, const char *name, const char *address, int64_t *id) {
    enum receiver_error error;
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *row = prepare(notebook, true,
                                "INSERT INTO view(name, address) SELECT ?1, ?2 WHERE (SELECT count(*) FROM view WHERE name<>?1) < ?3"
                                " ON CONFLICT(name) DO UPDATE SET address=excluded.address RETURNING id",
                                &error);
    *id = 0;
    if (row) {
        sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 2, address, -1, SQLITE_STATIC);
        sqlite3_bind_int(row, 3, NOTEBOOK_VIEWS_MAX);
        int step = sqlite3_step(row);
        *id = step == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
        error = step == SQLITE_DONE ? RECEIVER_CONFLICT : step == SQLITE_ROW ? RECEIVER_OK : error_of(notebook->database);
        error = error == RECEIVER_OK ? end(notebook, row, error) : (sqlite3_finalize(row), error);
    }
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

enum receiver_error notebook_remove_view(struct notebook *notebook, int64_t id) {
    return remove_row(notebook, "DELETE FROM view WHERE id=?1", id);
}

enum receiver_error notebook_each_view(struct notebook *notebook, notebook_take_view take, void *context) {
    enum receiver_error error;
    int step = SQLITE_DONE;
    pthread_mutex_lock(&notebook->lock);
    sqlite3_stmt *rows = prepare(notebook, false, "SELECT id, name, address FROM view ORDER BY name COLLATE NOCASE, name", &error);
    while (rows && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        take(context, sqlite3_column_int64(rows, 0), (const char *)sqlite3_column_text(rows, 1),
             (const char *)sqlite3_column_text(rows, 2));
    }
    error = error == RECEIVER_OK && step != SQLITE_DONE ? error_of(notebook->database) : error;
    sqlite3_finalize(rows);
    pthread_mutex_unlock(&notebook->lock);
    return error;
}

// ---- As text ----

bool notebook_is_note(const char *text, size_t size) {
    for (size_t at = 0, length; at < size; at += length) {
        length = utf8_length(text + at, size - at);
        unsigned char c = (unsigned char)text[at];
        if (length == 0 || c == 0x7F || (c < 0x20 && c != '\n' && c != '\t')) {
            return false;
        }
    }
    return true;
}

static bool write_mark(void *context, int64_t id, bool pinned, const char *note) {
    struct json *json = context;
    json_object_begin(json);
    json_member_number(json, "upload", id);
    json_key(json, "pinned");
    json_bool(json, pinned);
    json_member_text(json, "note", note);
    json_object_end(json);
    return true;
}

static bool write_annotation(void *context, const struct notebook_annotation *annotation) {
    struct json *json = context;
    json_object_begin(json);
    json_member_number(json, "time", annotation->time_ms);
    json_member_text(json, "text", annotation->text);
    json_member_text(json, "link", annotation->link);
    json_member_text(json, "tags", annotation->tags);
    json_object_end(json);
    return true;
}

static void write_view(void *context, int64_t id, const char *name, const char *address) {
    struct json *json = context;
    (void)id; // another notebook gives another one
    json_object_begin(json);
    json_member_text(json, "name", name);
    json_member_text(json, "address", address);
    json_object_end(json);
}

enum receiver_error notebook_write_json(struct notebook *notebook, struct json *json) {
    json_object_begin(json);
    json_key(json, "marks");
    json_array_begin(json);
    enum receiver_error error = notebook_each_mark(notebook, write_mark, json);
    json_array_end(json);
    json_key(json, "annotations");
    json_array_begin(json);
    error = error == RECEIVER_OK ? notebook_each_annotation(notebook, INT64_MIN, INT64_MAX, write_annotation, json) : error;
    json_array_end(json);
    json_key(json, "views");
    json_array_begin(json);
    error = error == RECEIVER_OK ? notebook_each_view(notebook, write_view, json) : error;
    json_array_end(json);
    json_object_end(json);
    return error;
}

// A database in memory has the functions that read JSON.
enum receiver_error notebook_read_json(const char *text, size_t size, notebook_take_mark take, void *context) {
    sqlite3 *database = NULL;
    sqlite3_stmt *rows = NULL;
    int step = SQLITE_MISUSE;
    bool ok = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(database,
                                 "SELECT json_extract(value, '$.upload'), json_extract(value, '$.pinned'), json_extract(value, '$.note')"
                                 " FROM json_each(?1, '$.marks')",
                                 -1, &rows, NULL) == SQLITE_OK &&
              sqlite3_bind_text64(rows, 1, text, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
    while (ok && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *note = (const char *)sqlite3_column_text(rows, 2);
        size_t length = (size_t)sqlite3_column_bytes(rows, 2);
        ok = sqlite3_column_type(rows, 0) == SQLITE_INTEGER && sqlite3_column_int64(rows, 0) > 0 &&
             sqlite3_column_type(rows, 1) == SQLITE_INTEGER && length <= NOTEBOOK_NOTE_BYTES && (!note || strlen(note) == length) &&
             (!note || notebook_is_note(note, length));
        if (ok && !take(context, sqlite3_column_int64(rows, 0), sqlite3_column_int(rows, 1), note)) {
            step = SQLITE_DONE;
            break;
        }
    }
    ok = ok && step == SQLITE_DONE;
    sqlite3_finalize(rows);
    sqlite3_close(database);
    return ok ? RECEIVER_OK : RECEIVER_BAD_UPLOAD;
}
