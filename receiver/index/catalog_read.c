// catalog_read.c: looks uploads and attachments up in the index (catalog.h).
#include "catalog_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool catalog_has(struct catalog *catalog, int64_t id) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool has = search_find(&catalog->search, id) != SEARCH_NOWHERE;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return has;
}

bool catalog_has_just(struct catalog *catalog, const int64_t *ids, size_t count) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    bool same = search->end - search->begin == count;
    for (size_t i = 0; same && i < count; i++) {
        same = search_at(search, SEARCH_ID, search->begin + i) == ids[i];
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    return same;
}

int64_t catalog_unmeasured(struct catalog *catalog) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    int64_t id = search_newest_without(&catalog->search, SEARCH_MEASURED);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return id;
}

bool catalog_matches(struct catalog *catalog, int64_t id, const char *tags, const struct selection *selection) {
    char *copy = tags ? strdup(tags) : NULL;
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool matches = search_matches(&catalog->search, search_find(&catalog->search, id), selection, copy);
    pthread_rwlock_unlock(&catalog->memory_lock);
    free(copy);
    return matches;
}

void catalog_read_attachment(sqlite3_stmt *row, struct catalog_attachment *attachment) {
    const char *name = (const char *)sqlite3_column_text(row, 0), *file = (const char *)sqlite3_column_text(row, 1);
    snprintf(attachment->name, sizeof attachment->name, "%s", name ? name : "");
    snprintf(attachment->file, sizeof attachment->file, "%s", file ? file : "");
    attachment->size_bytes = (uint64_t)sqlite3_column_int64(row, 2);
    attachment->pprof = sqlite3_column_int(row, 3);
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

bool catalog_is_pprof(const char *name) {
    return ends_with(name, ".pprof") || ends_with(name, ".pb.gz");
}

bool catalog_is_recording(const char *name) {
    size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".jfr") == 0;
}

bool catalog_has_profiles(const struct catalog_attachment *attachment) {
    return attachment->pprof || catalog_is_recording(attachment->name);
}

// At most CATALOG_MAX_ATTACHMENTS. Skips other names if one is given.
static enum receiver_error read_attachments(struct catalog *catalog, int64_t id, const char *name, struct catalog_attachment *attachments,
                                            size_t *count) {
    *count = 0;
    pthread_mutex_lock(&catalog->read_lock);
    sqlite3_stmt *rows = catalog->read_attachments;
    int step = catalog->reader ? SQLITE_DONE : SQLITE_MISUSE;
    sqlite3_bind_int64(rows, 1, id);
    while (catalog->reader && *count < CATALOG_MAX_ATTACHMENTS && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        catalog_read_attachment(rows, &attachments[*count]);
        *count += !name || strcmp(attachments[*count].name, name) == 0;
        if (name && *count) {
            break;
        }
    }
    enum receiver_error error = step == SQLITE_ROW || step == SQLITE_DONE ? RECEIVER_OK : catalog_error(catalog, catalog->reader);
    sqlite3_reset(rows);
    pthread_mutex_unlock(&catalog->read_lock);
    return error;
}

enum receiver_error catalog_find(struct catalog *catalog, int64_t id, const char *name, struct catalog_attachment *attachment) {
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    size_t count;
    if (!catalog_has(catalog, id)) {
        return RECEIVER_NOT_FOUND;
    }
    enum receiver_error error = read_attachments(catalog, id, name, attachments, &count);
    if (error == RECEIVER_OK && count == 0) {
        error = RECEIVER_NOT_FOUND;
    }
    if (error == RECEIVER_OK) {
        *attachment = attachments[0];
    }
    return error;
}

enum receiver_error catalog_attachments(struct catalog *catalog, int64_t id, struct catalog_attachment *attachments, size_t *count) {
    return read_attachments(catalog, id, NULL, attachments, count);
}

// ---- Many uploads ----

// A copy from memory of what catalog_select passes on.
struct copied {
    struct catalog_upload upload;
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
};

// Caller must hold memory_lock.
static struct catalog_upload copy_row(const struct search *search, size_t row) {
    struct search_row all = search_row_at(search, row);
    return (struct catalog_upload){.id = all.id,
                                   .start_ms = all.start_ms,
                                   .end_ms = all.end_ms,
                                   .process = all.set->process,
                                   .host = search_host(search, row),
                                   .measures = all.measures};
}

static enum receiver_error copy_upload(struct catalog *catalog, int64_t id, struct copied *copied) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    size_t row = search_find(&catalog->search, id);
    bool found = row != SEARCH_NOWHERE;
    if (found) {
        copied->upload = copy_row(&catalog->search, row);
        copied->upload.attachments = copied->attachments;
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    return found ? read_attachments(catalog, id, NULL, copied->attachments, &copied->upload.attachment_count) : RECEIVER_NOT_FOUND;
}

enum receiver_error catalog_select(struct catalog *catalog, const struct selection *selection, size_t limit, catalog_each each,
                                   void *context, size_t *left_out) {
    struct copied *copied = malloc(sizeof *copied);
    int64_t *ids = NULL;
    size_t count = 0, total = 0;
    struct search_rest rest;
    enum receiver_error error = catalog_read_rest(catalog, selection, &rest);
    if (error != RECEIVER_OK) {
        free(copied);
        return error;
    }
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = copied && search_select(&catalog->search, selection, &rest, &(struct search_order){0}, NULL, limit, &ids, &count, &total);
    pthread_rwlock_unlock(&catalog->memory_lock);
    error = ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    bool more = true;
    for (size_t i = 0; error == RECEIVER_OK && more && i < count; i++) {
        error = copy_upload(catalog, ids[i], copied);
        more = error != RECEIVER_OK || each(context, &copied->upload);
        error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error; // retention has just removed it
    }
    if (left_out) {
        *left_out = total - count + rest.not_looked_at;
    }
    search_rest_free(&rest);
    free(ids);
    free(copied);
    return error;
}

enum receiver_error catalog_visit(struct catalog *catalog, int64_t id, catalog_each each, void *context) {
    struct copied *copied = malloc(sizeof *copied);
    enum receiver_error error = copied ? copy_upload(catalog, id, copied) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        each(context, &copied->upload);
    }
    free(copied);
    return error;
}
