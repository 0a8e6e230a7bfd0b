// catalog.h: the index of uploads: an SQLite database in WAL mode, and beside it in memory what searches need (search.h).
//
// One row an upload, one row an attachment. Ids start at 1, grow and are never reused. A row is written after its files are in place, and
// removed before its files are, so whoever finds a row finds its files (or sees them vanish under retention, which is a plain "not found").
// The index holds nothing that the files do not tell (rebuild.c), so it need not survive a power cut to the last row.
//
// Threads: any. One SQLite handle writes and one reads, each with a mutex; what is in memory has a read-write lock. catalog_begin takes the
// writer's mutex and catalog_end gives it back. Memory: malloc and SQLite's own.
#ifndef CMEMPROF_RECEIVER_CATALOG_H
#define CMEMPROF_RECEIVER_CATALOG_H

#include "../base/error.h"
#include "../base/json.h"
#include "measures.h"
#include "search_order.h"
#include "selection.h"
#include "upload_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CATALOG_NAME_MAX_BYTES = 200, CATALOG_FILE_MAX_BYTES = 80, CATALOG_MAX_ATTACHMENTS = 32 };

struct catalog_attachment {
    char name[CATALOG_NAME_MAX_BYTES + 1]; // as shown and asked for
    char file[CATALOG_FILE_MAX_BYTES + 1]; // in the upload's directory
    uint64_t size_bytes;
    bool pprof; // by its name
};

struct catalog;
// RECEIVER_NOT_FOUND: there is no index, or one of an older form, and create is false. RECEIVER_BAD_INDEX: it is damaged, or *newer.
enum receiver_error catalog_open(const char *path, bool create, bool *newer, struct catalog **catalog, char *text, size_t text_size);
void catalog_close(struct catalog *catalog); // NULL is fine
// Fills what is in memory from the database; before the first search. RECEIVER_BAD_INDEX: it is damaged.
enum receiver_error catalog_load(struct catalog *catalog);

// A damaged database may be found by any call below, which returns RECEIVER_BAD_INDEX then. on_damage is called by the thread that found
// it, inside that call, and must not call the catalog. catalog_shut closes it: what needs it gets RECEIVER_BAD_INDEX, what is in memory is
// searched as before. catalog_take opens it again with all that another catalog has, and frees that.
void catalog_on_damage(struct catalog *catalog, void (*on_damage)(void *context), void *context);
void catalog_shut(struct catalog *catalog);
void catalog_take(struct catalog *catalog, struct catalog *fresh);

// ---- Writing: begin, any number of calls, end ----

struct catalog_new {
    int64_t id; // from catalog_next_id
    int64_t received_ms;
    uint64_t size_bytes; // of all files
    struct upload_event event;
    const struct catalog_attachment *attachments;
    size_t attachment_count;
    const char *refused; // a JSON array of what was refused of it, or NULL
};
enum receiver_error catalog_begin(struct catalog *catalog);
int64_t catalog_next_id(struct catalog *catalog);
void catalog_skip_ids(struct catalog *catalog, int64_t last); // ids up to last are taken
enum receiver_error catalog_insert(struct catalog *catalog, const struct catalog_new *upload);
// Commits, or undoes when keep is false. What was inserted can be searched after catalog_publish.
enum receiver_error catalog_end(struct catalog *catalog, bool keep);
enum receiver_error catalog_publish(struct catalog *catalog, const struct catalog_new *upload);

// Removes the rows of all but these ids, which are sorted. Before the first search; catalog_load again if *dropped is not 0.
enum receiver_error catalog_drop_others(struct catalog *catalog, const int64_t *ids, size_t count, size_t *dropped);
// Removes the oldest uploads, max at most, that came before received_before_ms, or while all together are larger than size_bytes (the
// newest stays). Their ids go to ids. For one thread.
size_t catalog_remove_oldest(struct catalog *catalog, int64_t received_before_ms, uint64_t size_bytes, int64_t *ids, size_t max);

int64_t catalog_unmeasured(struct catalog *catalog); // the newest upload without measures; 0: none
enum receiver_error catalog_set_measures(struct catalog *catalog, int64_t id, const struct measures *measures);

// ---- Reading ----

bool catalog_has(struct catalog *catalog, int64_t id);
bool catalog_matches(struct catalog *catalog, int64_t id, const struct selection *selection);
enum receiver_error catalog_find(struct catalog *catalog, int64_t id, const char *name, struct catalog_attachment *attachment);

// All of an upload; attachments has room for CATALOG_MAX_ATTACHMENTS. None of an upload that is not there.
enum receiver_error catalog_attachments(struct catalog *catalog, int64_t id, struct catalog_attachment *attachments, size_t *count);

// {"uploads":[...],"total":n,"next":cursor or null} in an order, those behind a cursor (NULL: all).
enum receiver_error catalog_list(struct catalog *catalog, const struct selection *selection, const struct search_order *order,
                                 const struct search_cursor *after, size_t limit, struct json *json);
// One upload as an object.
enum receiver_error catalog_describe(struct catalog *catalog, int64_t id, struct json *json);
struct search_values; // search.h
enum receiver_error catalog_facets(struct catalog *catalog, const struct selection *selection, const struct search_values *wanted,
                                   struct json *json);
enum receiver_error catalog_histogram(struct catalog *catalog, const struct selection *selection, const struct search_buckets *wanted,
                                      struct json *json);

// ---- Many at once ----

struct catalog_upload {
    int64_t id, start_ms, end_ms;
    uint64_t process;         // search_process
    struct measures measures; // NAN where there is none (yet): metrics.c
    const struct catalog_attachment *attachments;
    size_t attachment_count;
};
// What is given lives until it returns. False: enough.
typedef bool (*catalog_each)(void *context, const struct catalog_upload *upload);

// Calls each for the `limit` uploads of the selection that start last, those first, with no lock held: it may take its time, and files may
// be gone by then. The files are opened with store_read. total (may be NULL): how many the selection has without the limit.
enum receiver_error catalog_select(struct catalog *catalog, const struct selection *selection, size_t limit, catalog_each each,
                                   void *context, size_t *total);

#endif
