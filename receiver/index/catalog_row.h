// catalog_row.h: shared by catalog.c, catalog_read.c and catalog_json.c alone.
#ifndef CMEMPROF_RECEIVER_CATALOG_ROW_H
#define CMEMPROF_RECEIVER_CATALOG_ROW_H

#include "../base/failure.h"
#include "catalog.h"
#include "search.h"

#include <pthread.h>
#include <sqlite3.h>

struct catalog {
    pthread_mutex_t write_lock;
    sqlite3 *writer; // guarded by write_lock, as the next four; NULL: closed
    sqlite3_stmt *insert_upload, *insert_attachment;
    int64_t next_id;
    pthread_mutex_t read_lock;
    sqlite3 *reader; // guarded by read_lock, as the next two; NULL: closed
    sqlite3_stmt *read_upload, *read_attachments;
    pthread_rwlock_t memory_lock;
    struct search search;      // guarded by memory_lock
    pthread_mutex_t tags_lock; // taken last: also under memory_lock
    sqlite3 *tags_reader;      // guarded by tags_lock, as the next one; NULL: closed
    sqlite3_stmt *read_tags;
    void (*on_damage)(void *context);
    void *on_damage_context;
};

// Columns of read_upload, whose parameter is an id.
enum {
    COLUMN_RECEIVED,
    COLUMN_FACETS,
    COLUMN_FAMILY = COLUMN_FACETS + FACET_COUNT,
    COLUMN_START,
    COLUMN_END,
    COLUMN_TAGS,
    COLUMN_REFUSED,
    COLUMN_MEASURED,
    COLUMN_MEASURES
};
#define CATALOG_UPLOAD_COLUMNS                                                                                                             \
    "received_ms, service, env, version, host, runtime, language, family, start_time, end_time, tags, refused, measured, cpu_cores,"       \
    " alloc_bytes_per_s, heap_live_bytes, c_live_bytes, goroutines, lock_seconds_per_s"

// The error of the last call on that handle. Caller must hold its lock. Calls on_damage.
enum receiver_error catalog_error(struct catalog *catalog, sqlite3 *database);
// catalog_tags.c: a handle of its own, since a search reads tags under memory_lock, which is taken after read_lock elsewhere.
bool catalog_open_tags(struct catalog *catalog, const char *path); // Caller must be the only one that uses the catalog, as for the next.
void catalog_close_tags(struct catalog *catalog);
char *catalog_tags_of(void *catalog, int64_t id); // search.h: tags_of
// The row of read_attachments. Caller must hold read_lock.
void catalog_read_attachment(sqlite3_stmt *row, struct catalog_attachment *attachment);

#endif
