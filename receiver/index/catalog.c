// catalog.c: the index of uploads (catalog.h): schema, opening, writing. Reading is in catalog_read.c and catalog_json.c.
#include "catalog.h"
#include "../base/sqlite.h"
#include "catalog_row.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SCHEMA_VERSION = 4, // also raised when rows are made of the same files in another way
    BLOCK_BYTES = 4096,
    LOCKED_MS = 5000, // waits that long for another program that writes to the database
};

static const char schema[] =
    "CREATE TABLE upload(id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
    " end_ms INTEGER NOT NULL, size_bytes INTEGER NOT NULL, service TEXT, env TEXT, version TEXT, host TEXT, runtime TEXT, language TEXT,"
    " family TEXT, start_time TEXT, end_time TEXT, tags TEXT NOT NULL, refused TEXT, measured INTEGER NOT NULL DEFAULT 0, cpu_cores REAL,"
    " alloc_bytes_per_s REAL, heap_live_bytes REAL, c_live_bytes REAL, goroutines REAL, lock_seconds_per_s REAL, files TEXT NOT NULL);"
    "CREATE TABLE attachment(upload INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL, pprof INTEGER NOT NULL, PRIMARY KEY(upload, position)) WITHOUT ROWID;"
    "PRAGMA user_version=4;";

static enum receiver_error error_of(sqlite3 *database) {
    enum receiver_error error = sqlite_error(database);
    return error == RECEIVER_DAMAGED ? RECEIVER_BAD_INDEX : error;
}

enum receiver_error catalog_error(struct catalog *catalog, sqlite3 *database) {
    enum receiver_error error = database ? error_of(database) : RECEIVER_BAD_INDEX;
    if (error == RECEIVER_BAD_INDEX && catalog->on_damage) {
        catalog->on_damage(catalog->on_damage_context);
    }
    return error;
}

static bool prepare_all(struct catalog *catalog) {
    return sqlite_prepare(
               catalog->writer,
               "INSERT INTO upload(id, received_ms, start_ms, end_ms, size_bytes, service, env, version, host, runtime, language,"
               " family, start_time, end_time, tags, refused, files)"
               " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
               &catalog->insert_upload) &&
           sqlite_prepare(catalog->writer, "INSERT INTO attachment VALUES(?1,?2,?3,?4,?5,?6)", &catalog->insert_attachment) &&
           sqlite_prepare(catalog->reader, "SELECT " CATALOG_UPLOAD_COLUMNS " FROM upload WHERE id=?1", &catalog->read_upload) &&
           sqlite_prepare(catalog->reader, "SELECT name, file, size_bytes, pprof FROM attachment WHERE upload=?1 ORDER BY position",
                          &catalog->read_attachments) &&
           sqlite_prepare(catalog->reader, "SELECT tags FROM upload WHERE id=?1", &catalog->read_tags);
}

// Checked now: a damaged page that SQLite has not read yet would otherwise be found during an answer.
static bool is_whole(sqlite3 *database) {
    sqlite3_stmt *check = NULL;
    bool whole = sqlite_prepare(database, "PRAGMA quick_check(1)", &check) && sqlite3_step(check) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;
    sqlite3_finalize(check);
    return whole;
}

// NORMAL: a commit survives the end of this program; what a power cut loses is in the files (rebuild.c).
static enum receiver_error open_writer(struct catalog *catalog, const char *path, enum catalog_opening opening, bool *newer) {
    bool create = opening == CATALOG_CREATE;
    int file = create ? open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1; // SQLite's own would be for everybody to read
    if (file >= 0) {
        close(file);
    }
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
    int opened = sqlite3_open_v2(path, &catalog->writer, flags, NULL);
    if (opened == SQLITE_CANTOPEN && !create) {
        return RECEIVER_NOT_FOUND;
    }
    sqlite3_busy_timeout(catalog->writer, LOCKED_MS);
    int64_t version = opened == SQLITE_OK ? sqlite_number(catalog->writer, "PRAGMA user_version") : -1;
    if (version > SCHEMA_VERSION) {
        *newer = true;
        return RECEIVER_BAD_INDEX;
    }
    if (version >= 0 && version < SCHEMA_VERSION && !create) {
        return RECEIVER_NOT_FOUND;
    }
    bool ok = version >= 0 && sqlite_run(catalog->writer, "PRAGMA journal_mode=WAL") &&
              sqlite_run(catalog->writer, "PRAGMA synchronous=NORMAL") &&
              (create ? sqlite_run(catalog->writer, schema) : opening == CATALOG_OPEN_UNCHANGED || is_whole(catalog->writer));
    return ok ? RECEIVER_OK : RECEIVER_BAD_INDEX;
}

static bool open_reader(struct catalog *catalog, const char *path) {
    bool opened = sqlite3_open_v2(path, &catalog->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
    sqlite3_busy_timeout(catalog->reader, LOCKED_MS);
    return opened && prepare_all(catalog);
}

// A writer comes before later readers: the thread that commits uploads does not wait for all searches. Nobody takes it twice.
static void init_memory_lock(struct catalog *catalog) {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
#ifdef __GLIBC__
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    pthread_rwlock_init(&catalog->memory_lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

enum receiver_error catalog_open(const char *path, enum catalog_opening opening, bool *newer, struct catalog **out, char *text,
                                 size_t text_size) {
    struct catalog *catalog = calloc(1, sizeof *catalog);
    *newer = false;
    if (!catalog) {
        return RECEIVER_NO_MEMORY;
    }
    pthread_mutex_init(&catalog->write_lock, NULL);
    pthread_mutex_init(&catalog->read_lock, NULL);
    init_memory_lock(catalog);
    catalog->search.keeps_rest = true;
    catalog->search.marks = &catalog->marks;
    enum receiver_error error = open_writer(catalog, path, opening, newer);
    if (error == RECEIVER_OK && !open_reader(catalog, path)) {
        error = RECEIVER_BAD_INDEX;
    }
    if (error != RECEIVER_OK) {
        const char *cause = *newer ? "was written by a newer version" : catalog->writer ? sqlite3_errmsg(catalog->writer) : "out of memory";
        enum receiver_error cause_error = catalog->writer ? error_of(catalog->writer) : RECEIVER_NO_MEMORY;
        bool damaged = cause_error != RECEIVER_DISK_FULL && cause_error != RECEIVER_NO_MEMORY && cause_error != RECEIVER_BUSY;
        snprintf(text, text_size, "%s%s %s", path, *newer ? "" : ":", cause);
        catalog_close(catalog);
        return damaged ? error : cause_error;
    }
    catalog->next_id = sqlite_number(catalog->writer, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence") + 1;
    *out = catalog;
    return RECEIVER_OK;
}

static void close_database(struct catalog *catalog) {
    sqlite3_stmt **statements[] = {&catalog->insert_upload, &catalog->insert_attachment, &catalog->read_upload, &catalog->read_attachments,
                                   &catalog->read_tags};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        sqlite3_finalize(*statements[i]);
        *statements[i] = NULL;
    }
    sqlite3_close(catalog->reader);
    sqlite3_close(catalog->writer); // the last handle: checkpoints the WAL
    catalog->reader = catalog->writer = NULL;
}

void catalog_close(struct catalog *catalog) {
    if (!catalog) {
        return;
    }
    close_database(catalog);
    search_free(&catalog->search);
    marks_free(&catalog->marks);
    pthread_rwlock_destroy(&catalog->memory_lock);
    pthread_mutex_destroy(&catalog->read_lock);
    pthread_mutex_destroy(&catalog->write_lock);
    free(catalog);
}

// ---- Replacing it ----

void catalog_on_damage(struct catalog *catalog, void (*on_damage)(void *context), void *context) {
    catalog->on_damage_context = context;
    catalog->on_damage = on_damage;
}

bool catalog_shut(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->write_lock);
    pthread_mutex_lock(&catalog->read_lock);
    bool was_open = catalog->writer;
    close_database(catalog);
    pthread_mutex_unlock(&catalog->read_lock);
    pthread_mutex_unlock(&catalog->write_lock);
    return was_open;
}

void catalog_take(struct catalog *catalog, struct catalog *fresh) {
    pthread_mutex_lock(&catalog->write_lock);
    pthread_mutex_lock(&catalog->read_lock);
    pthread_rwlock_wrlock(&catalog->memory_lock);
    catalog->writer = fresh->writer;
    catalog->insert_upload = fresh->insert_upload;
    catalog->insert_attachment = fresh->insert_attachment;
    catalog->reader = fresh->reader;
    catalog->read_upload = fresh->read_upload;
    catalog->read_attachments = fresh->read_attachments;
    catalog->read_tags = fresh->read_tags;
    catalog->next_id = fresh->next_id > catalog->next_id ? fresh->next_id : catalog->next_id;
    struct search search = catalog->search;
    catalog->search = fresh->search;
    fresh->search = search;
    catalog->search.limit_bytes = search.limit_bytes;
    catalog->search.marks = search.marks;
    catalog->loaded_from = fresh->loaded_from;
    catalog->differs = fresh->differs;
    pthread_rwlock_unlock(&catalog->memory_lock);
    pthread_mutex_unlock(&catalog->read_lock);
    pthread_mutex_unlock(&catalog->write_lock);
    fresh->writer = fresh->reader = NULL;
    fresh->insert_upload = fresh->insert_attachment = fresh->read_upload = fresh->read_attachments = fresh->read_tags = NULL;
    catalog_close(fresh);
}

// ---- Into memory ----

int64_t catalog_loaded_from(struct catalog *catalog) {
    return catalog->loaded_from;
}

void catalog_limit_memory(struct catalog *catalog, size_t bytes) {
    catalog->search.limit_bytes = bytes;
}

static bool is_pinned(const struct search *search, size_t row) {
    return search->marks && search->marks->pinned > 0 && marks_are_pinned(search->marks, search_at(search, SEARCH_ID, row));
}

// Up to max of the oldest that are not pinned. The newest is none of them.
static size_t oldest_free(const struct search *search, int64_t *ids, size_t max) {
    size_t count = 0;
    for (size_t i = search->begin; i + 1 < search->end && count < max; i++) {
        if (!is_pinned(search, i)) {
            ids[count++] = search_at(search, SEARCH_ID, i);
        }
    }
    return count;
}

// The oldest give way at once: the whole of a larger index may be more than the machine has. Several at a time where pinned ones before
// them have to move. Returns false without memory.
static bool keep_within_memory(struct catalog *catalog) {
    struct search *search = &catalog->search;
    enum { AT_ONCE = 64 };
    int64_t ids[AT_ONCE];
    bool ok = true;
    while (ok && search->limit_bytes && search_bytes(search) > search->limit_bytes) {
        size_t count = oldest_free(search, ids, catalog->marks.pinned > 0 ? AT_ONCE : 1);
        if (count == 0) {
            break;
        }
        ok = search_remove(search, ids, count);
        catalog->loaded_from = ids[count - 1] + 1;
    }
    return ok;
}

enum receiver_error catalog_load(struct catalog *catalog) {
    sqlite3_stmt *rows = NULL;
    sqlite_prepare(catalog->writer, "SELECT id, start_ms, end_ms, size_bytes, files, " CATALOG_UPLOAD_COLUMNS " FROM upload ORDER BY id",
                   &rows);
    enum { FILES = 4, BEHIND };
    search_free(&catalog->search);
    catalog->loaded_from = 0;
    enum receiver_error error = RECEIVER_OK;
    while (error == RECEIVER_OK && rows && sqlite3_step(rows) == SQLITE_ROW) {
        struct search_new upload = {.id = sqlite3_column_int64(rows, 0),
                                    .start_ms = sqlite3_column_int64(rows, 1),
                                    .end_ms = sqlite3_column_int64(rows, 2),
                                    .size_bytes = (uint64_t)sqlite3_column_int64(rows, 3),
                                    .received_ms = sqlite3_column_int64(rows, BEHIND + COLUMN_RECEIVED)};
        struct measures measures;
        for (int i = 0; i < FACET_COUNT; i++) {
            upload.facets[i] = (const char *)sqlite3_column_text(rows, BEHIND + COLUMN_FACETS + i);
        }
        for (int i = 0; i < MEASURE_COUNT; i++) {
            int column = BEHIND + COLUMN_MEASURES + i;
            measures.values[i] = sqlite3_column_type(rows, column) == SQLITE_NULL ? NAN : sqlite3_column_double(rows, column);
        }
        const char *tags = (const char *)sqlite3_column_text(rows, BEHIND + COLUMN_TAGS);
        upload.tags = tags ? tags : "";
        upload.files = (const char *)sqlite3_column_text(rows, FILES);
        upload.measures = sqlite3_column_int(rows, BEHIND + COLUMN_MEASURED) ? &measures : NULL;
        error = search_add(&catalog->search, &upload) && keep_within_memory(catalog) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        catalog->next_id = upload.id >= catalog->next_id ? upload.id + 1 : catalog->next_id;
    }
    error = error == RECEIVER_OK ? catalog_error(catalog, catalog->writer) : error;
    sqlite3_finalize(rows);
    return error;
}

// ---- Adding ----

static uint64_t blocks_of(uint64_t bytes) {
    return bytes <= BLOCK_BYTES ? BLOCK_BYTES : (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

uint64_t catalog_disk_bytes(uint64_t event_bytes, const struct catalog_attachment *attachments, size_t count) {
    uint64_t sum = 2 * BLOCK_BYTES + blocks_of(event_bytes); // the directory; the rows, with their tags
    for (size_t i = 0; i < count; i++) {
        sum += blocks_of(attachments[i].size_bytes);
    }
    return sum;
}

enum receiver_error catalog_begin(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->write_lock);
    if (catalog->writer && sqlite_run(catalog->writer, "BEGIN IMMEDIATE")) {
        return RECEIVER_OK;
    }
    enum receiver_error error = catalog_error(catalog, catalog->writer);
    pthread_mutex_unlock(&catalog->write_lock);
    return error;
}

int64_t catalog_next_id(struct catalog *catalog) {
    return catalog->next_id++;
}

void catalog_skip_ids(struct catalog *catalog, int64_t last) {
    catalog->next_id = catalog->next_id > last ? catalog->next_id : last + 1;
}

// Names of attachments, a line each; names have no control characters.
struct names {
    char text[CATALOG_MAX_ATTACHMENTS * (CATALOG_NAME_MAX_BYTES + 1) + 1];
};
static const char *names_of(const struct catalog_new *upload, struct names *names) {
    size_t used = 0;
    *names->text = '\0';
    for (size_t i = 0; i < upload->attachment_count && i < CATALOG_MAX_ATTACHMENTS; i++) {
        used += (size_t)sprintf(names->text + used, "%s%s", i > 0 ? "\n" : "", upload->attachments[i].name);
    }
    return names->text;
}

static bool insert_row(struct catalog *catalog, const struct catalog_new *upload) {
    sqlite3_stmt *insert = catalog->insert_upload;
    const struct upload_event *event = &upload->event;
    struct names names;
    const char *texts[] = {event->family, event->start, event->end, event->tags, upload->refused, names_of(upload, &names)};
    int64_t start_ms = event->start_ms ? event->start_ms : upload->received_ms;
    int64_t numbers[] = {upload->id, upload->received_ms, start_ms, event->end_ms ? event->end_ms : start_ms, (int64_t)upload->size_bytes};
    int parameter = 1;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sqlite3_bind_int64(insert, parameter++, numbers[i]);
    }
    for (int i = 0; i < FACET_COUNT; i++) {
        // The columns are in the order of enum facet.
        sqlite3_bind_text(insert, parameter++, event->facets[i], -1, SQLITE_STATIC);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sqlite3_bind_text(insert, parameter++, texts[i], -1, SQLITE_STATIC);
    }
    bool ok = sqlite3_step(insert) == SQLITE_DONE;
    sqlite3_reset(insert);
    sqlite3_clear_bindings(insert);
    return ok;
}

static bool insert_attachments(struct catalog *catalog, const struct catalog_new *upload) {
    sqlite3_stmt *insert = catalog->insert_attachment;
    bool ok = true;
    for (size_t i = 0; ok && i < upload->attachment_count; i++) {
        const struct catalog_attachment *attachment = &upload->attachments[i];
        sqlite3_bind_int64(insert, 1, upload->id);
        sqlite3_bind_int64(insert, 2, (int64_t)i);
        sqlite3_bind_text(insert, 3, attachment->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 4, attachment->file, -1, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 5, (int64_t)attachment->size_bytes);
        sqlite3_bind_int(insert, 6, attachment->pprof);
        ok = sqlite3_step(insert) == SQLITE_DONE;
        sqlite3_reset(insert);
    }
    sqlite3_clear_bindings(insert);
    return ok;
}

enum receiver_error catalog_insert(struct catalog *catalog, const struct catalog_new *upload) {
    if (insert_row(catalog, upload) && insert_attachments(catalog, upload)) {
        return RECEIVER_OK;
    }
    enum receiver_error error = catalog_error(catalog, catalog->writer);
    return error == RECEIVER_OK ? RECEIVER_IO : error;
}

enum receiver_error catalog_end(struct catalog *catalog, bool keep) {
    enum receiver_error error = RECEIVER_OK;
    if (keep && !sqlite_run(catalog->writer, "COMMIT")) {
        error = catalog_error(catalog, catalog->writer);
        keep = false;
    }
    // SQLite rolls back by itself after some errors; then there is no transaction to end.
    if (!keep && !sqlite3_get_autocommit(catalog->writer)) {
        sqlite_run(catalog->writer, "ROLLBACK");
    }
    pthread_mutex_unlock(&catalog->write_lock);
    return error;
}

enum receiver_error catalog_publish(struct catalog *catalog, const struct catalog_new *upload) {
    const struct upload_event *event = &upload->event;
    int64_t start_ms = event->start_ms ? event->start_ms : upload->received_ms;
    struct names names;
    struct search_new new = {.id = upload->id,
                             .received_ms = upload->received_ms,
                             .start_ms = start_ms,
                             .end_ms = event->end_ms ? event->end_ms : start_ms,
                             .size_bytes = upload->size_bytes,
                             .tags = event->tags,
                             .files = names_of(upload, &names)};
    for (int i = 0; i < FACET_COUNT; i++) {
        new.facets[i] = event->facets[i];
    }
    pthread_rwlock_wrlock(&catalog->memory_lock);
    bool ok = search_add(&catalog->search, &new);
    catalog->differs |= !ok;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// ---- Removing ----

static bool remove_row(sqlite3 *writer, int64_t id) {
    char sql[120];
    snprintf(sql, sizeof sql, "DELETE FROM attachment WHERE upload=%lld; DELETE FROM upload WHERE id=%lld", (long long)id, (long long)id);
    return sqlite_run(writer, sql);
}

static int by_number(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

enum receiver_error catalog_drop_others(struct catalog *catalog, const int64_t *ids, size_t count, size_t *dropped) {
    enum receiver_error error = catalog_begin(catalog);
    const struct search *search = &catalog->search;
    *dropped = 0;
    if (error != RECEIVER_OK) {
        return error;
    }
    bool ok = true;
    for (size_t i = search->begin; ok && i < search->end; i++) {
        int64_t id = search_at(search, SEARCH_ID, i);
        if (!count || !bsearch(&id, ids, count, sizeof *ids, by_number)) {
            ok = remove_row(catalog->writer, id);
            ++*dropped;
        }
    }
    error = ok ? RECEIVER_OK : catalog_error(catalog, catalog->writer);
    enum receiver_error ended = catalog_end(catalog, ok);
    return error == RECEIVER_OK ? ended : error;
}

// When the row came. Rows are in the order of their arrival, so one that came in the future, by a clock that was wrong, came before the
// next one that did not.
static int64_t arrival_of(const struct search *search, size_t row, int64_t now_ms) {
    while (search_at(search, SEARCH_RECEIVED, row) > now_ms && row + 1 < search->end) {
        row++;
    }
    return search_at(search, SEARCH_RECEIVED, row);
}

// How many of the oldest are to go for the others to fit into memory, if all take as much. Once beyond the limit, calls go on until a
// sixteenth of it is free, so that not each upload has another one removed. Caller must hold write_lock.
static size_t beyond_memory(struct catalog *catalog) {
    const struct search *search = &catalog->search;
    size_t bytes = search_bytes(search), uploads = search->end - search->begin, limit = search->limit_bytes, goal = limit / 16 * 15;
    catalog->makes_room = limit > 0 && bytes > (catalog->makes_room ? goal : limit);
    return catalog->makes_room ? uploads - (size_t)((double)uploads * (double)goal / (double)bytes) : 0;
}

// Ids to remove, oldest first: at least `more`. The newest stays, and what is pinned, which counts for the size all the same.
static size_t find_oldest(const struct search *search, size_t more, const struct retention *retention, int64_t *ids, size_t max) {
    uint64_t left = search->size_bytes;
    size_t count = 0;
    for (size_t i = search->begin; i + 1 < search->end && count < max; i++) {
        if (is_pinned(search, i)) {
            continue;
        }
        if (count >= more && left <= retention->size_bytes && arrival_of(search, i, retention->now_ms) >= retention->received_before_ms) {
            break;
        }
        left -= (uint64_t)search_at(search, SEARCH_SIZE, i);
        ids[count++] = search_at(search, SEARCH_ID, i);
    }
    return count;
}

// Rows that catalog_load left out, oldest first. Caller must hold write_lock.
static size_t find_not_loaded(struct catalog *catalog, int64_t *ids, size_t max) {
    sqlite3_stmt *rows = NULL;
    size_t count = 0;
    int step = SQLITE_DONE;
    if (catalog->loaded_from && sqlite_prepare(catalog->writer, "SELECT id FROM upload WHERE id<?1 ORDER BY id", &rows)) {
        sqlite3_bind_int64(rows, 1, catalog->loaded_from);
        while (count < max && (step = sqlite3_step(rows)) == SQLITE_ROW) {
            ids[count] = sqlite3_column_int64(rows, 0);
            count += !catalog_has(catalog, ids[count]); // pinned ones are loaded
        }
        catalog->loaded_from = count == 0 && step == SQLITE_DONE ? 0 : catalog->loaded_from;
    }
    sqlite3_finalize(rows);
    return count;
}

// From memory, what the database has no more. Caller must hold no lock.
static void forget(struct catalog *catalog, const int64_t *ids, size_t count) {
    pthread_rwlock_wrlock(&catalog->memory_lock);
    bool ok = search_remove(&catalog->search, ids, count);
    catalog->differs |= !ok;
    pthread_rwlock_unlock(&catalog->memory_lock);
    if (!ok && catalog->on_damage) { // which makes it anew
        catalog->on_damage(catalog->on_damage_context);
    }
}

size_t catalog_remove_oldest(struct catalog *catalog, const struct retention *retention, int64_t *ids, size_t max) {
    if (catalog_begin(catalog) != RECEIVER_OK) {
        return 0;
    }
    size_t not_loaded = find_not_loaded(catalog, ids, max), count = not_loaded;
    if (count == 0) {
        pthread_rwlock_rdlock(&catalog->memory_lock);
        count = find_oldest(&catalog->search, beyond_memory(catalog), retention, ids, max);
        pthread_rwlock_unlock(&catalog->memory_lock);
    }
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = remove_row(catalog->writer, ids[i]);
    }
    // A row that could not be removed keeps its files.
    if (catalog_end(catalog, ok) != RECEIVER_OK || !ok) {
        return 0;
    }
    forget(catalog, ids + not_loaded, count - not_loaded);
    return count;
}

enum receiver_error catalog_remove(struct catalog *catalog, int64_t id, bool (*act)(void *context), void *context) {
    enum receiver_error error = catalog_begin(catalog);
    if (error != RECEIVER_OK) {
        return error;
    }
    bool ok = remove_row(catalog->writer, id);
    error = !ok ? catalog_error(catalog, catalog->writer) : sqlite3_changes(catalog->writer) > 0 ? RECEIVER_OK : RECEIVER_NOT_FOUND;
    if (error == RECEIVER_OK && !act(context)) {
        error = RECEIVER_IO;
    }
    enum receiver_error ended = catalog_end(catalog, error == RECEIVER_OK);
    error = error == RECEIVER_OK ? ended : error;
    if (error == RECEIVER_OK) {
        forget(catalog, &id, 1);
    }
    return error;
}

int64_t catalog_newest_ms(struct catalog *catalog) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    int64_t newest_ms = search->begin < search->end ? search_at(search, SEARCH_RECEIVED, search->end - 1) : 0;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return newest_ms;
}
