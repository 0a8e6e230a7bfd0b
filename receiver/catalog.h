// catalog.h: the index of uploads, an SQLite database in WAL mode.
//
// One row an upload, one row an attachment. Ids start at 1, grow and are never reused. A row is written after its files are in place, and
// removed before its files are, so whoever finds a row finds its files (or sees them vanish under retention, which is a plain "not found").
//
// Threads: any; one SQLite handle, guarded by one mutex. catalog_add_begin takes the mutex and catalog_add_end gives it back.
// Memory: malloc and SQLite's own.
#ifndef CMEMPROF_RECEIVER_CATALOG_H
#define CMEMPROF_RECEIVER_CATALOG_H

#include "json.h"
#include "receiver.h"

enum {
    CATALOG_NAME_MAX_BYTES = 200,
    CATALOG_FILE_MAX_BYTES = 80,
    CATALOG_FIELD_MAX_BYTES = 200,    // start, end and family of an event
    CATALOG_TAGS_MAX_BYTES = 16 << 10 // of an upload, joined: each list of uploads has them all
};

struct catalog_attachment {
    char name[CATALOG_NAME_MAX_BYTES + 1]; // as shown and asked for
    char file[CATALOG_FILE_MAX_BYTES + 1]; // in the upload's directory
    uint64_t size_bytes;
    bool pprof; // by its name
};

struct catalog;
// RECEIVER_NOT_FOUND: there is none (or an empty one) and may_create is false.
enum receiver_error catalog_open(const char *path, bool may_create, struct catalog **catalog, char *text, size_t text_size);
void catalog_close(struct catalog *catalog); // NULL is fine

// Adds an upload in one transaction: begin gives its id, then the caller puts the files in place, then end commits, or undoes when keep is
// false. begin fails with a reason in text; then there is no end. RECEIVER_BAD_UPLOAD: event is not a JSON object. RECEIVER_TOO_LARGE: its
// tags or fields are longer than what is kept of them. more_tags: "k:v,k:v" from outside event.json, or NULL.
enum receiver_error catalog_add_begin(struct catalog *catalog, const char *event, size_t event_size, const char *more_tags,
                                      const struct catalog_attachment *attachments, size_t count, int64_t *id, char *text,
                                      size_t text_size);
enum receiver_error catalog_add_end(struct catalog *catalog, bool keep);

// Removes the oldest upload beyond keep and gives its id; 0: nothing to remove.
int64_t catalog_remove_oldest(struct catalog *catalog, uint32_t keep);
bool catalog_has(struct catalog *catalog, int64_t id);
enum receiver_error catalog_find(struct catalog *catalog, int64_t id, const char *name, struct catalog_attachment *attachment);

// {"uploads":[...]} newest first. service: those whose service contains it, any case; NULL or "": all.
enum receiver_error catalog_list(struct catalog *catalog, const char *service, int limit, struct json *json);
// One upload as an object.
enum receiver_error catalog_describe(struct catalog *catalog, int64_t id, struct json *json);

#endif
