// figures_store.c: figures in SQLite (figures_store.h).
#include "figures_store.h"
#include "../base/sqlite.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    VERSION = 1, // also raised when the same files give other figures
    FAN_IN = 16, // blocks that become one
    LEVELS = 3,  // of 1, 16 and 256 uploads
    LOCKED_MS = 5000,
};
_Static_assert(FAN_IN *FAN_IN == FIGURES_BLOCK_UPLOADS, "the last level is full");

// One transaction: a database that has the version has all of it. ids: of the block's uploads, 8 bytes each, apart so that they are read
// without the rest.
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE block(number INTEGER PRIMARY KEY, process INTEGER NOT NULL, level INTEGER NOT NULL, first INTEGER NOT NULL,"
    " last INTEGER NOT NULL, ids BLOB NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX block_of_process ON block(process, level, last);"
    "CREATE INDEX block_by_last ON block(last);"
    "PRAGMA user_version=1;"
    "COMMIT;";

enum { INSERT, COUNT_LEVEL, SELECT_LEVEL, REMOVE, READ, IDS, REMOVE_BETWEEN, HAVING, STATEMENTS };
static const char *const sqls[STATEMENTS] = {
    [INSERT] = "INSERT INTO block(process, level, first, last, ids, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [COUNT_LEVEL] = "SELECT count(*) FROM block WHERE process=?1 AND level=?2",
    [SELECT_LEVEL] = "SELECT number, data FROM block WHERE process=?1 AND level=?2 ORDER BY last LIMIT ?3",
    [REMOVE] = "DELETE FROM block WHERE number=?1",
    [READ] = "SELECT data FROM block WHERE process=?1 AND last>=?2 AND first<=?3",
    [IDS] = "SELECT ids FROM block",
    [REMOVE_BETWEEN] = "DELETE FROM block WHERE last>?1 AND last<?2 AND first>?1",
    [HAVING] = "SELECT number, level, data FROM block WHERE process=?1 AND last>=?2 AND first<=?2",
};

struct figures_store {
    pthread_mutex_t lock;
    char *path;
    sqlite3 *database; // guarded by lock, as the rest
    sqlite3_stmt *statements[STATEMENTS];
    uint64_t generation;
};

static void close_database(struct figures_store *store) {
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    sqlite3_close(store->database);
    store->database = NULL;
}

enum opened { OPENED, NO_FILE, UNUSABLE, TO_BE_REPLACED };

// SQLITE_ERROR: the tables are not those of the version, or of another application. Else a lock or a full disk, which pass.
static enum opened fault_of(sqlite3 *database) {
    int code = database ? sqlite3_errcode(database) : SQLITE_NOMEM;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ? TO_BE_REPLACED : UNUSABLE;
}

static enum opened open_tables(struct figures_store *store) {
    int64_t version = sqlite_number(store->database, "PRAGMA user_version");
    int64_t tables = version < 0 ? -1 : sqlite_number(store->database, "SELECT count(*) FROM sqlite_schema");
    if (tables < 0) {
        return fault_of(store->database);
    }
    if (version != VERSION && (version != 0 || tables > 0)) {
        return TO_BE_REPLACED;
    }
    bool ok = (version == VERSION || sqlite_run(store->database, schema)) && sqlite_run(store->database, "PRAGMA journal_mode=WAL") &&
              sqlite_run(store->database, "PRAGMA synchronous=NORMAL");
    for (int i = 0; ok && i < STATEMENTS; i++) {
        ok = sqlite3_prepare_v3(store->database, sqls[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL) == SQLITE_OK;
    }
    return ok ? OPENED : fault_of(store->database);
}

static enum opened open_database(struct figures_store *store) {
    int file = open(store->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600); // SQLite's own would be for everybody to read
    if (file < 0) {
        return NO_FILE;
    }
    close(file);
    enum opened opened = UNUSABLE;
    if (sqlite3_open_v2(store->path, &store->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(store->database, LOCKED_MS);
        opened = open_tables(store);
    }
    if (opened != OPENED) {
        close_database(store);
    }
    return opened;
}

// Caller must hold lock.
static void start_anew(struct figures_store *store) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    close_database(store);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", store->path, endings[i]) >= 0) {
            unlink(name);
            free(name);
        }
    }
    store->generation++;
    open_database(store);
}

struct figures_store *figures_store_open(const char *path) {
    struct figures_store *store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(path))) {
        free(store);
        return NULL;
    }
    pthread_mutex_init(&store->lock, NULL);
    enum opened opened = open_database(store);
    if (opened == TO_BE_REPLACED) {
        start_anew(store);
        opened = store->database ? OPENED : NO_FILE;
    }
    if (opened == NO_FILE) {
        figures_store_close(store);
        return NULL;
    }
    return store;
}

void figures_store_close(struct figures_store *store) {
    if (store) {
        close_database(store);
        pthread_mutex_destroy(&store->lock);
        free(store->path);
        free(store);
    }
}

uint64_t figures_store_generation(struct figures_store *store) {
    if (!store) {
        return 0;
    }
    pthread_mutex_lock(&store->lock);
    uint64_t generation = store->generation;
    pthread_mutex_unlock(&store->lock);
    return generation;
}

// Of the last call. Caller must hold lock.
static enum receiver_error error_of(struct figures_store *store) {
    switch (store->database ? sqlite3_errcode(store->database) : SQLITE_CANTOPEN) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RECEIVER_OK;
    case SQLITE_NOMEM:
        return RECEIVER_NO_MEMORY;
    case SQLITE_FULL:
        return RECEIVER_DISK_FULL;
    case SQLITE_BUSY:
        return RECEIVER_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RECEIVER_DAMAGED;
    default:
        return RECEIVER_IO;
    }
}

// ---- Writing ----

static enum receiver_error insert(struct figures_store *store, uint64_t process, int level, const struct figures_block *block) {
    sqlite3_stmt *statement = store->statements[INSERT];
    int64_t ids[FIGURES_BLOCK_UPLOADS];
    uint8_t *data;
    size_t size;
    enum receiver_error error = figures_block_encode(block, &data, &size);
    if (error != RECEIVER_OK) {
        return error;
    }
    for (size_t i = 0; i < block->count; i++) {
        ids[i] = block->uploads[i].id;
    }
    sqlite3_bind_int64(statement, 1, (int64_t)process);
    sqlite3_bind_int(statement, 2, level);
    sqlite3_bind_int64(statement, 3, ids[0]);
    sqlite3_bind_int64(statement, 4, ids[block->count - 1]);
    sqlite3_bind_blob(statement, 5, ids, (int)(block->count * sizeof *ids), SQLITE_STATIC);
    sqlite3_bind_blob(statement, 6, data, (int)size, SQLITE_STATIC);
    error = sqlite3_step(statement) == SQLITE_DONE ? RECEIVER_OK : error_of(store);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    free(data);
    return error;
}

// Blocks whose ranges overlap (uploads are not always read in the order of their ids) are put in order upload by upload.
struct part {
    int64_t number;
    struct figures_block block;
    size_t next;
};

// The next upload of the part.
static enum receiver_error append_next(const struct part *part, struct figures_block *all) {
    struct figures_block one = {.uploads = part->block.uploads + part->next, .count = 1, .name_count = part->block.name_count};
    one.names = malloc((one.name_count + 1) * sizeof *one.names);
    for (size_t i = 0; one.names && i < one.name_count; i++) {
        one.names[i] = part->block.names[i];
        one.names[i].values += part->next;
    }
    enum receiver_error error = one.names ? figures_block_append(all, &one) : RECEIVER_NO_MEMORY;
    free(one.names);
    return error;
}

static enum receiver_error merge_parts(struct part *parts, size_t count, struct figures_block *all) {
    enum receiver_error error = RECEIVER_OK;
    while (error == RECEIVER_OK) {
        struct part *first = NULL;
        for (size_t i = 0; i < count; i++) {
            struct part *part = &parts[i];
            bool left = part->next < part->block.count;
            first = left && (!first || part->block.uploads[part->next].id < first->block.uploads[first->next].id) ? part : first;
        }
        if (!first) {
            break;
        }
        error = append_next(first, all);
        first->next++;
    }
    return error;
}

static enum receiver_error remove_part(struct figures_store *store, int64_t number) {
    sqlite3_stmt *statement = store->statements[REMOVE];
    sqlite3_bind_int64(statement, 1, number);
    enum receiver_error error = sqlite3_step(statement) == SQLITE_DONE ? RECEIVER_OK : error_of(store);
    sqlite3_reset(statement);
    return error;
}

static bool has_enough(struct figures_store *store, uint64_t process, int level) {
    sqlite3_stmt *statement = store->statements[COUNT_LEVEL];
    sqlite3_bind_int64(statement, 1, (int64_t)process);
    sqlite3_bind_int(statement, 2, level);
    bool enough = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) >= FAN_IN;
    sqlite3_reset(statement);
    return enough;
}

// Makes one block of the next level of FAN_IN of this one, if there are as many.
static enum receiver_error join(struct figures_store *store, uint64_t process, int level, bool *joined) {
    *joined = has_enough(store, process, level);
    if (!*joined) {
        return RECEIVER_OK;
    }
    struct part parts[FAN_IN] = {0};
    size_t count = 0;
    int step = SQLITE_DONE;
    sqlite3_stmt *statement = store->statements[SELECT_LEVEL];
    sqlite3_bind_int64(statement, 1, (int64_t)process);
    sqlite3_bind_int(statement, 2, level);
    sqlite3_bind_int(statement, 3, FAN_IN);
    enum receiver_error error = RECEIVER_OK;
    while (error == RECEIVER_OK && count < FAN_IN && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        parts[count].number = sqlite3_column_int64(statement, 0);
        error = figures_block_decode(sqlite3_column_blob(statement, 1), (size_t)sqlite3_column_bytes(statement, 1), &parts[count].block);
        count++;
    }
    error = error != RECEIVER_OK || step == SQLITE_ROW || step == SQLITE_DONE ? error : error_of(store);
    sqlite3_reset(statement);
    *joined = count == FAN_IN;
    struct figures_block all = {0};
    if (error == RECEIVER_OK && *joined) {
        error = merge_parts(parts, count, &all);
        error = error == RECEIVER_OK ? insert(store, process, level + 1, &all) : error;
    }
    for (size_t i = 0; i < count; i++) {
        error = error == RECEIVER_OK && *joined ? remove_part(store, parts[i].number) : error;
        figures_block_free(&parts[i].block);
    }
    figures_block_free(&all);
    return error;
}

// One that could not be opened before may have figures.
static void open_again(struct figures_store *store) {
    enum opened opened = open_database(store);
    if (opened == TO_BE_REPLACED) {
        start_anew(store);
    } else if (opened == OPENED) {
        store->generation++;
    }
}

static enum receiver_error put(struct figures_store *store, uint64_t process, const struct figures_block *block) {
    if (!store->database) {
        open_again(store);
    }
    if (!store->database || !sqlite_run(store->database, "BEGIN IMMEDIATE")) {
        return error_of(store);
    }
    enum receiver_error error = insert(store, process, 0, block);
    bool joined = true;
    for (int level = 0; error == RECEIVER_OK && joined && level < LEVELS - 1; level++) {
        error = join(store, process, level, &joined);
    }
    if (error == RECEIVER_OK && !sqlite_run(store->database, "COMMIT")) {
        error = error_of(store);
    }
    if (error != RECEIVER_OK && !sqlite3_get_autocommit(store->database)) {
        sqlite_run(store->database, "ROLLBACK");
    }
    return error;
}

enum receiver_error figures_store_put(struct figures_store *store, uint64_t process, int64_t id, uint32_t fingerprint,
                                      const struct figures *figures) {
    struct figures_block block = {.room = 1};
    if (!store) {
        return RECEIVER_IO;
    }
    enum receiver_error error = figures_block_add(&block, id, fingerprint, figures);
    pthread_mutex_lock(&store->lock);
    error = error == RECEIVER_OK ? put(store, process, &block) : error;
    if (error == RECEIVER_DAMAGED) {
        start_anew(store);
    }
    pthread_mutex_unlock(&store->lock);
    figures_block_free(&block);
    return error;
}

void figures_store_remove_before(struct figures_store *store, int64_t id, const int64_t *kept, size_t count) {
    if (!store) {
        return;
    }
    pthread_mutex_lock(&store->lock);
    int64_t after = INT64_MIN;
    for (size_t i = 0; store->database && after < id && i <= count; i++) {
        int64_t before = i < count && kept[i] < id ? kept[i] : id;
        sqlite3_bind_int64(store->statements[REMOVE_BETWEEN], 1, after);
        sqlite3_bind_int64(store->statements[REMOVE_BETWEEN], 2, before);
        sqlite3_step(store->statements[REMOVE_BETWEEN]);
        sqlite3_reset(store->statements[REMOVE_BETWEEN]);
        after = before;
    }
    pthread_mutex_unlock(&store->lock);
}

static bool block_has(const struct figures_block *block, int64_t id) {
    size_t at = 0;
    while (at < block->count && block->uploads[at].id != id) {
        at++;
    }
    return at < block->count;
}

// A block without the upload in the place of one with it.
static enum receiver_error cut_out(struct figures_store *store, uint64_t process, struct part *part, int level, int64_t id) {
    struct figures_block all = {0};
    enum receiver_error error = RECEIVER_OK;
    for (; error == RECEIVER_OK && part->next < part->block.count; part->next++) {
        error = part->block.uploads[part->next].id == id ? RECEIVER_OK : append_next(part, &all);
    }
    if (error == RECEIVER_OK && all.count > 0) {
        error = insert(store, process, level, &all);
    }
    figures_block_free(&all);
    return error == RECEIVER_OK ? remove_part(store, part->number) : error;
}

// One at a time: a statement that reads does not see what is written meanwhile for sure.
static enum receiver_error remove_first(struct figures_store *store, uint64_t process, int64_t id, bool *found) {
    sqlite3_stmt *statement = store->statements[HAVING];
    struct part part = {0};
    int level = 0, step = SQLITE_DONE;
    enum receiver_error error = RECEIVER_OK;
    *found = false;
    sqlite3_bind_int64(statement, 1, (int64_t)process);
    sqlite3_bind_int64(statement, 2, id);
    while (error == RECEIVER_OK && !*found && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        figures_block_free(&part.block);
        part = (struct part){.number = sqlite3_column_int64(statement, 0)};
        level = sqlite3_column_int(statement, 1);
        error = figures_block_decode(sqlite3_column_blob(statement, 2), (size_t)sqlite3_column_bytes(statement, 2), &part.block);
        *found = error == RECEIVER_OK && block_has(&part.block, id);
    }
    error = error != RECEIVER_OK || step == SQLITE_ROW || step == SQLITE_DONE ? error : error_of(store);
    sqlite3_reset(statement);
    if (error == RECEIVER_OK && *found) {
        error = cut_out(store, process, &part, level, id);
    }
    figures_block_free(&part.block);
    return error;
}

enum receiver_error figures_store_remove(struct figures_store *store, uint64_t process, int64_t id) {
    if (!store) {
        return RECEIVER_OK;
    }
    pthread_mutex_lock(&store->lock);
    enum receiver_error error = store->database && sqlite_run(store->database, "BEGIN IMMEDIATE") ? RECEIVER_OK : error_of(store);
    bool found = store->database;
    while (error == RECEIVER_OK && found) {
        error = remove_first(store, process, id, &found);
    }
    if (error == RECEIVER_OK && store->database && !sqlite_run(store->database, "COMMIT")) {
        error = error_of(store);
    }
    if (error != RECEIVER_OK && store->database && !sqlite3_get_autocommit(store->database)) {
        sqlite_run(store->database, "ROLLBACK");
    }
    if (error == RECEIVER_DAMAGED) {
        start_anew(store);
    }
    pthread_mutex_unlock(&store->lock);
    return error;
}

// ---- Reading ----

enum receiver_error figures_store_read(struct figures_store *store, uint64_t process, int64_t first, int64_t last, figures_take take,
                                       void *context) {
    if (!store) {
        return RECEIVER_OK;
    }
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *statement = store->statements[READ];
    enum receiver_error error = RECEIVER_OK;
    int step = SQLITE_DONE;
    bool more = store->database;
    sqlite3_bind_int64(statement, 1, (int64_t)process);
    sqlite3_bind_int64(statement, 2, first);
    sqlite3_bind_int64(statement, 3, last);
    while (more && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct figures_block block;
        error = figures_block_decode(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0), &block);
        more = error == RECEIVER_OK && take(context, &block);
        figures_block_free(&block);
    }
    error = error != RECEIVER_OK || step == SQLITE_ROW || step == SQLITE_DONE ? error : error_of(store);
    sqlite3_reset(statement);
    if (error == RECEIVER_DAMAGED) {
        start_anew(store);
    }
    pthread_mutex_unlock(&store->lock);
    return error;
}

enum receiver_error figures_store_ids(struct figures_store *store, void (*take)(void *context, const int64_t *ids, size_t count),
                                      void *context) {
    if (!store) {
        return RECEIVER_OK;
    }
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *statement = store->statements[IDS];
    int step = SQLITE_DONE;
    while (store->database && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t ids[FIGURES_BLOCK_UPLOADS];
        size_t bytes = (size_t)sqlite3_column_bytes(statement, 0);
        if (bytes <= sizeof ids) {
            memcpy(ids, sqlite3_column_blob(statement, 0), bytes);
            take(context, ids, bytes / sizeof *ids);
        }
    }
    enum receiver_error error = step == SQLITE_DONE ? RECEIVER_OK : error_of(store);
    sqlite3_reset(statement);
    if (error == RECEIVER_DAMAGED) {
        start_anew(store);
    }
    pthread_mutex_unlock(&store->lock);
    return error;
}
