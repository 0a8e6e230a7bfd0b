// rollup_base.c: the database of roll-ups (rollup_base.h).
#include "rollup_base.h"
#include "../../base/fnv.h"
#include "../base/failure.h"
#include "../base/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    VERSION = 2, // also raised when the same uploads make another roll-up: of the merge engine, of views/rollup.c
    LOCKED_MS = 1000,
    REMOVE_AT_ONCE = 4096,
};
#define VACUUM_PAGES "16384" // 64 MiB a pass

// One transaction: a database that has the version has all of it. The pragma before it holds for an empty file alone.
static const char schema[] = "PRAGMA auto_vacuum=INCREMENTAL;"
                             "BEGIN IMMEDIATE;"
                             "CREATE TABLE rollup(id INTEGER PRIMARY KEY, day INTEGER NOT NULL, stream INTEGER NOT NULL, attachment TEXT"
                             " NOT NULL, level INTEGER NOT NULL, number INTEGER NOT NULL, uploads INTEGER NOT NULL, sum0 INTEGER NOT NULL,"
                             " sum1 INTEGER NOT NULL, hash INTEGER NOT NULL, dropped TEXT NOT NULL, bytes BLOB);"
                             "CREATE UNIQUE INDEX rollup_key ON rollup(stream, attachment, level, number);"
                             "CREATE INDEX rollup_day ON rollup(day);"
                             "PRAGMA user_version=2;"
                             "COMMIT;";

struct rollup_base {
    char *path;
    pthread_mutex_t writing; // held by who writes; taken before lock
    pthread_mutex_t lock;    // of the reader, and of closing either
    sqlite3 *reader;         // guarded by lock, as the next two; NULL: there is no database
    sqlite3_stmt *find, *read;
    sqlite3 *writer; // guarded by writing; closed under lock
    sqlite3_stmt *write, *remove;
    bool damaged; // guarded by lock: the next write begins anew
    atomic_uint generation;
};

int64_t rollup_length_ms(enum rollup_level level) {
    return level == ROLLUP_DAY ? DAY_MS : HOUR_MS;
}

// ---- Opening ----

static void close_all(struct rollup_base *base) {
    sqlite3_stmt **statements[] = {&base->find, &base->read, &base->write, &base->remove};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        sqlite3_finalize(*statements[i]);
        *statements[i] = NULL;
    }
    sqlite3_close(base->reader);
    sqlite3_close(base->writer);
    base->reader = base->writer = NULL;
}

static void remove_files(const char *database) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *path;
        if (asprintf(&path, "%s%s", database, endings[i]) >= 0) {
            unlink(path);
            free(path);
        }
    }
}

enum opened { OPENED, UNUSABLE, OTHER_VERSION, DAMAGED };

// SQLITE_ERROR: the tables are not those of the version, or of another application.
static enum opened fault_of(sqlite3 *database) {
    int code = database ? sqlite3_errcode(database) : SQLITE_NOMEM;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ? DAMAGED : UNUSABLE;
}

// NORMAL: a commit survives the end of this program. What a power cut takes is made again.
static enum opened open_all(struct rollup_base *base) {
    int file = open(base->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600); // SQLite's own would be for everybody to read
    if (file < 0) {
        return UNUSABLE;
    }
    close(file);
    if (sqlite3_open_v2(base->path, &base->writer, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return fault_of(base->writer);
    }
    sqlite3_busy_timeout(base->writer, LOCKED_MS);
    int64_t version = sqlite_number(base->writer, "PRAGMA user_version");
    int64_t tables = version < 0 ? -1 : sqlite_number(base->writer, "SELECT count(*) FROM sqlite_schema");
    if (tables < 0) {
        return fault_of(base->writer);
    }
    if (version != VERSION && (version != 0 || tables > 0)) {
        return OTHER_VERSION;
    }
    bool ok =
        (version == VERSION || sqlite_run(base->writer, schema)) && sqlite_run(base->writer, "PRAGMA journal_mode=WAL") &&
        sqlite_run(base->writer, "PRAGMA synchronous=NORMAL") && sqlite_run(base->writer, "PRAGMA secure_delete=FAST") &&
        sqlite_prepare(base->writer,
                       "INSERT OR REPLACE INTO rollup(day, stream, attachment, level, number, uploads, sum0, sum1, hash, dropped,"
                       " bytes) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
                       &base->write) &&
        sqlite_prepare(base->writer, "DELETE FROM rollup WHERE stream=?1 AND attachment=?2 AND level=?3 AND number=?4", &base->remove);
    if (!ok) {
        return fault_of(base->writer);
    }
    ok = sqlite3_open_v2(base->path, &base->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
         sqlite_prepare(base->reader,
                        "SELECT uploads, sum0, sum1, dropped, bytes IS NOT NULL FROM rollup WHERE stream=?1 AND attachment=?2 AND"
                        " level=?3 AND number=?4",
                        &base->find) &&
         sqlite_prepare(base->reader,
                        "SELECT uploads, sum0, sum1, dropped, hash, bytes FROM rollup WHERE stream=?1 AND attachment=?2 AND level=?3"
                        " AND number=?4",
                        &base->read);
    sqlite3_busy_timeout(base->reader, LOCKED_MS);
    return ok ? OPENED : fault_of(base->reader);
}

// With the lock. A database that cannot be used for what is in it is removed and begun anew; one that cannot be opened is tried again by
// the next write.
static enum opened open_usable(struct rollup_base *base) {
    enum opened first = base->damaged ? DAMAGED : open_all(base), opened = first;
    if (first == DAMAGED || first == OTHER_VERSION) {
        close_all(base);
        remove_files(base->path);
        base->generation++;
        opened = open_all(base);
    }
    if (opened != OPENED) {
        close_all(base);
    }
    base->damaged = false;
    return first;
}

struct rollup_base *rollup_base_open(const char *directory, const char **note) {
    struct rollup_base *base = calloc(1, sizeof *base);
    *note = NULL;
    if (!base || asprintf(&base->path, "%s/rollups.sqlite", directory) < 0) {
        free(base);
        return NULL;
    }
    pthread_mutex_init(&base->writing, NULL);
    pthread_mutex_init(&base->lock, NULL);
    enum opened opened = open_usable(base);
    *note = opened == DAMAGED         ? "the roll-ups were damaged, and are made again"
            : opened == OTHER_VERSION ? "the roll-ups were of another version, and are made again"
                                      : NULL;
    return base;
}

void rollup_base_clear(const char *directory) {
    char *path;
    if (asprintf(&path, "%s/rollups.sqlite", directory) >= 0) {
        remove_files(path);
        free(path);
    }
}

void rollup_base_close(struct rollup_base *base) {
    if (base) {
        close_all(base);
        pthread_mutex_destroy(&base->lock);
        pthread_mutex_destroy(&base->writing);
        free(base->path);
        free(base);
    }
}

// ---- Rows ----

static void bind_key(sqlite3_stmt *statement, const struct rollup_key *key) {
    sqlite3_bind_int64(statement, 1, (int64_t)key->stream);
    sqlite3_bind_text(statement, 2, key->attachment, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, (int)key->level);
    sqlite3_bind_int64(statement, 4, key->number);
}

static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (; size >= sizeof(uint64_t); at += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = upload_mix(hash ^ word) + word;
    }
    return fnv64(hash, at, size);
}

static uint64_t hash_of(const struct rollup_key *key, const struct upload_set *set, const char *dropped, const void *bytes, size_t size) {
    const uint64_t words[] = {key->stream, (uint64_t)key->level, (uint64_t)key->number, set->count, set->sums[0], set->sums[1], size};
    uint64_t hash = fnv64(FNV64_START, key->attachment, strlen(key->attachment) + 1);
    hash = fnv64(hash, dropped, strlen(dropped) + 1);
    hash = add_bytes(hash, words, sizeof words);
    return add_bytes(hash, bytes, size);
}

static struct upload_set read_set(sqlite3_stmt *row) {
    return (struct upload_set){.count = (uint64_t)sqlite3_column_int64(row, 0),
                               .sums = {(uint64_t)sqlite3_column_int64(row, 1), (uint64_t)sqlite3_column_int64(row, 2)}};
}

// With the lock. Readers go on without; the thread that writes begins anew.
static void note_damage(struct rollup_base *base, sqlite3 *database) {
    base->damaged |= fault_of(database) == DAMAGED;
}

enum receiver_error rollup_base_find(struct rollup_base *base, const struct rollup_key *key,
                                     void (*take)(void *context, const struct rollup_row *row), void *context) {
    enum receiver_error error = RECEIVER_NOT_FOUND;
    pthread_mutex_lock(&base->lock);
    if (base->reader && !base->damaged) {
        bind_key(base->find, key);
        if (sqlite3_step(base->find) == SQLITE_ROW) {
            const char *dropped = (const char *)sqlite3_column_text(base->find, 3);
            take(context, &(struct rollup_row){read_set(base->find), sqlite3_column_int(base->find, 4), dropped ? dropped : ""});
            error = RECEIVER_OK;
        } else {
            note_damage(base, base->reader);
        }
        sqlite3_reset(base->find);
    }
    pthread_mutex_unlock(&base->lock);
    return error;
}

enum receiver_error rollup_base_read(struct rollup_base *base, const struct rollup_key *key, const struct upload_set *set, uint8_t **bytes,
                                     size_t *size) {
    enum receiver_error error = RECEIVER_NOT_FOUND;
    *bytes = NULL;
    pthread_mutex_lock(&base->lock);
    if (base->reader && !base->damaged) {
        bind_key(base->read, key);
        if (sqlite3_step(base->read) == SQLITE_ROW) {
            struct upload_set its = read_set(base->read);
            const char *dropped = (const char *)sqlite3_column_text(base->read, 3);
            uint64_t hash = (uint64_t)sqlite3_column_int64(base->read, 4);
            const void *blob = sqlite3_column_blob(base->read, 5);
            *size = (size_t)sqlite3_column_bytes(base->read, 5);
            bool is_it = blob && dropped && upload_set_equal(&its, set);
            bool is_whole = is_it && hash_of(key, set, dropped, blob, *size) == hash;
            base->damaged |= is_it && !is_whole;
            *bytes = is_whole ? malloc(*size + 1) : NULL;
            if (*bytes) {
                memcpy(*bytes, blob, *size);
            }
            error = *bytes ? RECEIVER_OK : is_whole ? RECEIVER_NO_MEMORY : RECEIVER_NOT_FOUND;
        } else {
            note_damage(base, base->reader);
        }
        sqlite3_reset(base->read);
    }
    pthread_mutex_unlock(&base->lock);
    return error;
}

// ---- Writing ----

static enum receiver_error error_of(sqlite3 *database) {
    switch (sqlite3_errcode(database)) {
    case SQLITE_FULL:
        return RECEIVER_DISK_FULL;
    case SQLITE_IOERR:
        return receiver_error_from_errno(sqlite3_system_errno(database));
    case SQLITE_NOMEM:
        return RECEIVER_NO_MEMORY;
    default:
        return RECEIVER_IO;
    }
}

// Of a statement that has been bound.
static enum receiver_error change(struct rollup_base *base, sqlite3_stmt *statement) {
    enum receiver_error error = sqlite3_step(statement) == SQLITE_DONE ? RECEIVER_OK : error_of(base->writer);
    if (error != RECEIVER_OK) {
        pthread_mutex_lock(&base->lock);
        note_damage(base, base->writer);
        pthread_mutex_unlock(&base->lock);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return error;
}

// One that was not there before is tried again: the disk may have room by now.
static bool can_write(struct rollup_base *base) {
    pthread_mutex_lock(&base->lock);
    if (base->damaged || !base->writer) {
        open_usable(base);
    }
    bool can = base->writer;
    pthread_mutex_unlock(&base->lock);
    return can;
}

bool rollup_base_can_write(struct rollup_base *base) {
    pthread_mutex_lock(&base->writing);
    bool can = can_write(base);
    pthread_mutex_unlock(&base->writing);
    return can;
}

unsigned rollup_base_generation(const struct rollup_base *base) {
    return atomic_load(&base->generation);
}

enum receiver_error rollup_base_write(struct rollup_base *base, const struct rollup_key *key, const struct upload_set *set,
                                      const char *dropped, const uint8_t *bytes, size_t size) {
    pthread_mutex_lock(&base->writing);
    if (!can_write(base)) {
        pthread_mutex_unlock(&base->writing);
        return RECEIVER_IO;
    }
    sqlite3_stmt *write = base->write;
    int64_t day = catalog_day_of(key->number * rollup_length_ms(key->level), DAY_MS);
    const int64_t numbers[] = {(int64_t)set->count, (int64_t)set->sums[0], (int64_t)set->sums[1],
                               (int64_t)hash_of(key, set, dropped, bytes, bytes ? size : 0)};
    sqlite3_bind_int64(write, 1, day);
    sqlite3_bind_int64(write, 2, (int64_t)key->stream);
    sqlite3_bind_text(write, 3, key->attachment, -1, SQLITE_STATIC);
    sqlite3_bind_int(write, 4, (int)key->level);
    sqlite3_bind_int64(write, 5, key->number);
    for (int i = 0; i < 4; i++) {
        sqlite3_bind_int64(write, 6 + i, numbers[i]);
    }
    sqlite3_bind_text(write, 10, dropped, -1, SQLITE_STATIC);
    if (bytes) {
        sqlite3_bind_blob64(write, 11, bytes, size, SQLITE_STATIC);
    }
    enum receiver_error error = change(base, write);
    pthread_mutex_unlock(&base->writing);
    return error;
}

static enum receiver_error remove_row(struct rollup_base *base, const struct rollup_key *key, enum receiver_error without) {
    enum receiver_error error = without;
    pthread_mutex_lock(&base->writing);
    if (can_write(base)) {
        bind_key(base->remove, key);
        error = change(base, base->remove);
    }
    pthread_mutex_unlock(&base->writing);
    return error;
}

enum receiver_error rollup_base_remove(struct rollup_base *base, const struct rollup_key *key) {
    return remove_row(base, key, RECEIVER_IO);
}

enum receiver_error rollup_base_forget(struct rollup_base *base, const struct rollup_key *key) {
    return remove_row(base, key, RECEIVER_OK);
}

static bool has_day(const struct catalog_day *days, size_t count, int64_t day) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (days[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && days[low].day == day;
}

static bool keep_days(struct rollup_base *base, const struct catalog_day *days, size_t count) {
    sqlite3_stmt *all = NULL, *drop = NULL;
    int64_t gone = 0;
    bool found = false;
    if (!can_write(base) || !sqlite_prepare(base->writer, "SELECT DISTINCT day FROM rollup", &all)) {
        sqlite3_finalize(all);
        return false;
    }
    while (!found && sqlite3_step(all) == SQLITE_ROW) {
        gone = sqlite3_column_int64(all, 0);
        found = !has_day(days, count, gone);
    }
    sqlite3_finalize(all);
    if (!found) { // gives the disk what those before left
        sqlite_run(base->writer, "PRAGMA incremental_vacuum(" VACUUM_PAGES ")");
        return false;
    }
    bool ok = sqlite_prepare(base->writer, "DELETE FROM rollup WHERE id IN (SELECT id FROM rollup WHERE day=?1 LIMIT ?2)", &drop);
    if (ok) {
        sqlite3_bind_int64(drop, 1, gone);
        sqlite3_bind_int(drop, 2, REMOVE_AT_ONCE);
        ok = change(base, drop) == RECEIVER_OK;
    }
    sqlite3_finalize(drop);
    return ok;
}

bool rollup_base_keep_days(struct rollup_base *base, const struct catalog_day *days, size_t count) {
    pthread_mutex_lock(&base->writing);
    bool more = keep_days(base, days, count);
    pthread_mutex_unlock(&base->writing);
    return more;
}
