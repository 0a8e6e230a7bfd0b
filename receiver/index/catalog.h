// catalog.h: the index of uploads: an SQLite database in WAL mode, and in memory what searches need (search.h).
//
// One row per upload, one per attachment. Ids start at 1, increase and are never reused. A row is written after its files and removed
// before them, so every row has its files (unless retention removes them meanwhile, which is a plain "not found"). The index can be rebuilt
// from the files (rebuild.c), so a power cut may lose its last rows.
//
// Threads: any. One SQLite handle writes and one reads, each with a mutex; a read-write lock guards the memory. catalog_begin takes the
// writer's mutex, catalog_end releases it. Memory: malloc and SQLite's own.
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
#include <stdio.h>

enum { CATALOG_NAME_MAX_BYTES = 200, CATALOG_FILE_MAX_BYTES = 80, CATALOG_MAX_ATTACHMENTS = 32 };

struct catalog_attachment {
    char name[CATALOG_NAME_MAX_BYTES + 1]; // as shown and requested
    char file[CATALOG_FILE_MAX_BYTES + 1]; // in the upload's directory
    uint64_t size_bytes;
    bool pprof; // by its name
};
bool catalog_is_pprof(const char *name);                                // by the attachment's name: .pprof, .pb.gz
bool catalog_is_recording(const char *name);                            // of Java, by the attachment's name: .jfr
bool catalog_has_profiles(const struct catalog_attachment *attachment); // it is pprof, or a recording, which profiles are made of

struct catalog;
// CATALOG_OPEN_UNCHANGED: it is as this program left it, so it is not checked for damage.
enum catalog_opening { CATALOG_OPEN, CATALOG_CREATE, CATALOG_OPEN_UNCHANGED };
// RECEIVER_NOT_FOUND: it is not to be created, and there is no index or one of an older schema. RECEIVER_BAD_INDEX: it is damaged, or
// *newer.
enum receiver_error catalog_open(const char *path, enum catalog_opening opening, bool *newer, struct catalog **catalog, char *text,
                                 size_t text_size);
void catalog_close(struct catalog *catalog); // NULL is allowed
// Of the memory that searches use. Call before catalog_load. Beyond it, catalog_remove_oldest removes uploads.
void catalog_limit_memory(struct catalog *catalog, size_t bytes);
// Loads the memory from the database; call before the first search. RECEIVER_BAD_INDEX: it is damaged. If not all uploads fit, the newest
// are loaded; the others are not to be found, and catalog_remove_oldest removes them first.
enum receiver_error catalog_load(struct catalog *catalog);
// The memory as a file (search_snapshot.h), which catalog_load_snapshot reads instead of the database. Save it behind catalog_shut, with a
// stamp that tells whether the database has changed since. They return false if there is none, it is another one's, or the memory is not
// what the database has.
struct search_stamp; // search_snapshot.h
bool catalog_save_snapshot(struct catalog *catalog, const struct search_stamp *stamp, FILE *out);
bool catalog_load_snapshot(struct catalog *catalog, const struct search_stamp *stamp, FILE *in);
int64_t catalog_loaded_from(struct catalog *catalog); // uploads with lower ids were left out; 0: none. Before the first search.

// Any call below may find the database damaged, and returns RECEIVER_BAD_INDEX then. It calls on_damage, on its own thread, which must not
// call the catalog. catalog_shut closes the database: calls that need it return RECEIVER_BAD_INDEX, searches in memory go on. catalog_take
// reopens it with the contents of another catalog, and frees that.
void catalog_on_damage(struct catalog *catalog, void (*on_damage)(void *context), void *context);
bool catalog_shut(struct catalog *catalog); // whether it was open
void catalog_take(struct catalog *catalog, struct catalog *fresh);

// ---- Writing: begin, any number of calls, end ----

struct catalog_new {
    int64_t id; // from catalog_next_id
    int64_t received_ms;
    uint64_t size_bytes; // on the disk: catalog_disk_bytes
    struct upload_event event;
    const struct catalog_attachment *attachments;
    size_t attachment_count;
    const char *refused; // a JSON array of its refused parts, or NULL
};
// What an upload takes on the disk: each file whole blocks of 4 KiB, at least one, which stands for its inode; its directory and its rows.
uint64_t catalog_disk_bytes(uint64_t event_bytes, const struct catalog_attachment *attachments, size_t count);
uint64_t catalog_packed_bytes(uint64_t record_bytes); // the same of an upload in a pack: its record and its rows
enum receiver_error catalog_begin(struct catalog *catalog);
int64_t catalog_next_id(struct catalog *catalog);
void catalog_skip_ids(struct catalog *catalog, int64_t last); // reserves ids up to last
enum receiver_error catalog_insert(struct catalog *catalog, const struct catalog_new *upload);
// Commits, or rolls back if keep is false. Inserted uploads are searchable after catalog_publish.
enum receiver_error catalog_end(struct catalog *catalog, bool keep);
enum receiver_error catalog_publish(struct catalog *catalog, const struct catalog_new *upload);

// Removes the rows of all other ids; ids must be sorted. Call before the first search; catalog_load again if *dropped is not 0.
enum receiver_error catalog_drop_others(struct catalog *catalog, const int64_t *ids, size_t count, size_t *dropped);
// What stays: what was received since, and of it the newest that are not larger together than size_bytes. now_ms: what was received later
// was received by a clock that was wrong.
struct retention {
    int64_t received_before_ms, now_ms; // received_before_ms INT64_MIN: no limit of age
    uint64_t size_bytes;                // UINT64_MAX: no limit
};
// Removes up to max of the oldest uploads that do not stay; the newest and what is pinned always do. Their ids go to ids. For one thread.
size_t catalog_remove_oldest(struct catalog *catalog, const struct retention *retention, int64_t *ids, size_t max);
// Removes one, whatever it is. act is called before that is committed; it returns false to have nothing removed. RECEIVER_NOT_FOUND.
enum receiver_error catalog_remove(struct catalog *catalog, int64_t id, bool (*act)(void *context), void *context);

// ---- Marks of users (marks.h), in memory alone ----

// Also of an upload that is not there (yet). Before catalog_load, so that what is pinned is loaded. Returns false without memory.
bool catalog_mark(struct catalog *catalog, int64_t id, bool pinned, const char *note); // without both: no mark
enum receiver_error catalog_read_mark(struct catalog *catalog, int64_t id, bool *is_there, bool *pinned,
                                      char **note); // the caller frees it
bool catalog_has_mark(struct catalog *catalog, int64_t id);
size_t catalog_mark_count(struct catalog *catalog);
bool catalog_is_pinned(struct catalog *catalog, int64_t id);
struct catalog_pins {
    int64_t *ids; // of stored uploads that are pinned, rising; the caller frees them
    size_t count;
    uint64_t bytes; // that they take on the disk
};
enum receiver_error catalog_pinned(struct catalog *catalog, struct catalog_pins *pins);
// ---- What uploads take on the disk (catalog_sizes.c) ----

struct catalog_place {
    int64_t id, received_ms;
    uint64_t size_bytes;
};
// Up to max uploads of higher ids than `after`, ascending.
size_t catalog_places(struct catalog *catalog, int64_t after, struct catalog_place *places, size_t max);
// Sets size_bytes of these, in one transaction; of uploads that are gone nothing.
// If it fails, catalog_save_snapshot does too from then on, so that the next start sets them.
enum receiver_error catalog_set_sizes(struct catalog *catalog, const struct catalog_place *places, size_t count);
void catalog_sizes_differ(struct catalog *catalog);                    // the same, where sizes could not even be read
void catalog_describe_all(struct catalog *catalog, struct json *json); // "uploads":7,"bytes":81920 of an object

int64_t catalog_newest_ms(struct catalog *catalog); // when the newest upload was received; 0: there is none

int64_t catalog_unmeasured(struct catalog *catalog); // the newest upload without measures; 0: none
enum receiver_error catalog_set_measures(struct catalog *catalog, int64_t id, const struct measures *measures);

// ---- Figures (figures_store.h): which uploads have theirs kept, in memory alone ----

int64_t catalog_unfigured(struct catalog *catalog); // the newest upload whose figures are not kept; 0: none
void catalog_set_figured(struct catalog *catalog, const int64_t *ids, size_t count);
void catalog_settle_figures(struct catalog *catalog); // behind many: catalog_unfigured is faster then
void catalog_forget_figures(struct catalog *catalog);
bool catalog_is_figured(struct catalog *catalog, int64_t id);
int64_t catalog_oldest(struct catalog *catalog); // the oldest upload that is not pinned, or the newest of all: its id; 0: there is none

// ---- Reading ----

bool catalog_has(struct catalog *catalog, int64_t id);
bool catalog_has_just(struct catalog *catalog, const int64_t *ids, size_t count); // these, which are sorted, and no others
// All tags of an upload, "k:v,k:v", which the caller frees, if some are not in memory; else NULL.
enum receiver_error catalog_tags(struct catalog *catalog, int64_t id, char **tags);
// tags: of catalog_tags. Without those that it needs the answer is true.
bool catalog_matches(struct catalog *catalog, int64_t id, const char *tags, const struct selection *selection);
enum receiver_error catalog_find(struct catalog *catalog, int64_t id, const char *name, struct catalog_attachment *attachment);

// All of an upload, none of an unknown one. attachments has capacity for CATALOG_MAX_ATTACHMENTS.
enum receiver_error catalog_attachments(struct catalog *catalog, int64_t id, struct catalog_attachment *attachments, size_t *count);

// {"uploads":[...],"total":n,"next":cursor or null} in an order, after a cursor (NULL: from the start).
enum receiver_error catalog_list(struct catalog *catalog, const struct selection *selection, const struct search_order *order,
                                 const struct search_cursor *after, size_t limit, struct json *json);
// One upload as an object.
enum receiver_error catalog_describe(struct catalog *catalog, int64_t id, struct json *json);
struct search_values; // search.h
enum receiver_error catalog_facets(struct catalog *catalog, const struct selection *selection, const struct search_values *wanted,
                                   struct json *json);
enum receiver_error catalog_histogram(struct catalog *catalog, const struct selection *selection, const struct search_buckets *wanted,
                                      struct json *json);

// ---- Many uploads ----

struct catalog_upload {
    int64_t id, start_ms, end_ms;
    uint64_t process, host;   // search_process, search_host
    struct measures measures; // NAN: none (yet); metrics.c
    const struct catalog_attachment *attachments;
    size_t attachment_count;
};
// The argument lives until it returns. Returns false to stop.
typedef bool (*catalog_each)(void *context, const struct catalog_upload *upload);

// Calls each for the `limit` uploads of the selection that start last, latest first, without a lock: it may take its time, and files may be
// gone by then. Open files with store_read. left_out (may be NULL): how many more there are, with those whose tags were not looked at
// (search_rest.h).
enum receiver_error catalog_select(struct catalog *catalog, const struct selection *selection, size_t limit, catalog_each each,
                                   void *context, size_t *left_out);
// Calls each for one upload. RECEIVER_NOT_FOUND.
enum receiver_error catalog_visit(struct catalog *catalog, int64_t id, catalog_each each, void *context);

#endif
