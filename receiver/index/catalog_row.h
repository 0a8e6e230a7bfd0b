// catalog_row.h: shared by catalog.c, catalog_read.c and catalog_json.c alone.
#ifndef CMEMPROF_RECEIVER_CATALOG_ROW_H
#define CMEMPROF_RECEIVER_CATALOG_ROW_H

#include "../base/failure.h"
#include "catalog.h"
#include "search.h"
#include "search_rest.h"

#include <pthread.h>
#include <sqlite3.h>

struct catalog {
    pthread_mutex_t write_lock;
    sqlite3 *writer; // guarded by write_lock, as the next six; NULL: closed
    sqlite3_stmt *insert_upload, *insert_attachment;
    int64_t next_id, loaded_from; // loaded_from: rows with lower ids are to be removed; 0: all are in memory
    bool makes_room;              // the memory was beyond its limit, and is not yet well below it
    pthread_mutex_t read_lock;
    sqlite3 *reader; // guarded by read_lock, as the next three; NULL: closed
    sqlite3_stmt *read_upload, *read_attachments, *read_tags;
    pthread_rwlock_t memory_lock;
    struct search search; // guarded by memory_lock, as the next two
    struct marks marks;
    bool differs; // from the database, where an error came between
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
// What a search of the selection must know of tags that are not in memory; rest is to be freed if it returns RECEIVER_OK. Caller must hold
// no lock.
enum receiver_error catalog_read_rest(struct catalog *catalog, const struct selection *selection, struct search_rest *rest);
// The row of read_attachments. Caller must hold read_lock.
void catalog_read_attachment(sqlite3_stmt *row, struct catalog_attachment *attachment);

#endif
