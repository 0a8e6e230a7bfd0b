// rebuild.c: rows of the index from the files of uploads/ (store_directory.h).
//
// A directory with a number as its name and an event.json is an upload, and so is what a pack has; anything else is foreign and left alone.
// The files hold everything but the time of arrival, which is taken from the modification time of event.json.
#include "../base/read_exact.h"
#include "store_directory.h"
#include "stored_upload.h"
#include "../../base/vector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 2 << 20, ROWS_AT_ONCE = 1000 };

// A small file as text; NULL: missing, too large, unreadable.
static char *read_text(struct stored_upload *upload, const char *name, size_t *size, struct stat *about) {
    int file = -1;
    char *text = NULL;
    if (stored_file(upload, name, true, &file) == RECEIVER_OK && fstat(file, about) == 0 && S_ISREG(about->st_mode) &&
        about->st_size <= FILE_MAX_BYTES) {
        text = malloc((size_t)about->st_size + 1);
        if (text && read_exact(file, text, (size_t)about->st_size) != RECEIVER_OK) {
            free(text);
            text = NULL;
        }
    }
    if (text) {
        *size = (size_t)about->st_size;
        text[*size] = '\0';
    }
    if (file >= 0) {
        close(file);
    }
    return text;
}

// ---- meta.json ----

struct meta {
    sqlite3 *database;
    char *text, *tags, *refused;
};

static char *extract(struct meta *meta, const char *sql, const char *key) {
    sqlite3_stmt *statement = NULL;
    char *copy = NULL;
    if (sqlite3_prepare_v2(meta->database, sql, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, meta->text, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
        const char *value = sqlite3_step(statement) == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
        copy = value ? strdup(value) : NULL;
    }
    sqlite3_finalize(statement);
    return copy;
}

static void open_meta(struct stored_upload *upload, struct meta *meta) {
    size_t size;
    struct stat about;
    *meta = (struct meta){.text = read_text(upload, "meta.json", &size, &about)};
    if (meta->text && sqlite3_open_v2(":memory:", &meta->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        meta->tags = extract(meta, "SELECT json_extract(?1, '$.tags') WHERE ?2 IS NULL", NULL);
        meta->refused =
            extract(meta, "SELECT json_extract(?1, '$.refused') WHERE json_array_length(?1, '$.refused') > 0 AND ?2 IS NULL", NULL);
    }
}

static void close_meta(struct meta *meta) {
    sqlite3_close(meta->database);
    free(meta->text);
    free(meta->tags);
    free(meta->refused);
}

// ---- Attachments ----

static void describe(struct meta *meta, const char *file, uint64_t size, struct catalog_attachment *attachment) {
    char *name = meta->database ? extract(meta, "SELECT value FROM json_each(?1, '$.names') WHERE key = ?2", file) : NULL;
    *attachment = (struct catalog_attachment){.size_bytes = size};
    memcpy(attachment->file, file, strlen(file) + 1); // length was checked
    snprintf(attachment->name, sizeof attachment->name, "%s", name ? name : strchr(file, '-') + 1);
    attachment->pprof = catalog_is_pprof(attachment->name);
    free(name);
}

static int by_number(const void *left, const void *right) {
    const struct catalog_attachment *a = left, *b = right;
    return atoi(a->file) - atoi(b->file);
}

struct listing {
    struct meta *meta;
    struct catalog_attachment *attachments;
    size_t count;
};

static void list_one(void *context, const char *name, uint64_t size) {
    struct listing *listing = context;
    size_t digits = strspn(name, "0123456789");
    if (listing->count < CATALOG_MAX_ATTACHMENTS && digits > 0 && digits < 4 && name[digits] == '-' &&
        strlen(name) <= CATALOG_FILE_MAX_BYTES) {
        describe(listing->meta, name, size, &listing->attachments[listing->count++]);
    }
}

// Files named N-NAME, in the order of N.
static size_t list_attachments(struct stored_upload *upload, struct meta *meta, struct catalog_attachment *attachments) {
    struct listing listing = {meta, attachments, 0};
    stored_each(upload, list_one, &listing);
    qsort(attachments, listing.count, sizeof *attachments, by_number);
    return listing.count;
}

// ---- Uploads ----

static enum receiver_error add_from(struct catalog *catalog, struct upload_event_reader *reader, struct stored_upload *stored,
                                    const char *bytes, size_t size, const struct stat *about) {
    struct catalog_attachment *attachments = malloc(CATALOG_MAX_ATTACHMENTS * sizeof *attachments);
    struct catalog_new upload = {.id = stored->id, .received_ms = (int64_t)about->st_mtim.tv_sec * 1000 + about->st_mtim.tv_nsec / 1000000};
    char text[200];
    struct meta meta;
    if (!attachments) {
        return RECEIVER_NO_MEMORY;
    }
    open_meta(stored, &meta);
    enum receiver_error error = upload_event_read_stored(reader, bytes, size, meta.tags, &upload.event, text, sizeof text);
    if (error == RECEIVER_OK) {
        upload.attachments = attachments;
        upload.attachment_count = list_attachments(stored, &meta, attachments);
        upload.refused = meta.refused;
        upload.size_bytes = stored->pack ? catalog_packed_bytes(stored_packed_bytes(stored))
                                         : catalog_disk_bytes(size, attachments, upload.attachment_count);
        error = catalog_insert(catalog, &upload);
        upload_event_free(&upload.event);
    } else if (error != RECEIVER_NO_MEMORY) {
        error = RECEIVER_NOT_FOUND; // its event.json is damaged: nothing to index
    }
    close_meta(&meta);
    free(attachments);
    return error;
}

enum receiver_error rebuild_upload(struct store *store, struct catalog *catalog, struct upload_event_reader *reader, int64_t id) {
    struct stored_upload stored;
    size_t size;
    struct stat about;
    enum receiver_error error = stored_open(store, id, &stored);
    if (error != RECEIVER_OK) {
        // A pack that cannot be read has no rows until one can read it.
        return error == RECEIVER_DAMAGED || (error != RECEIVER_NO_MEMORY && !store_has_directory(store, id)) ? RECEIVER_NOT_FOUND : error;
    }
    char *event = read_text(&stored, "event.json", &size, &about);
    error = event ? add_from(catalog, reader, &stored, event, size, &about) : RECEIVER_NOT_FOUND;
    free(event);
    stored_close(&stored);
    return error;
}

struct id_list {
    int64_t *ids;
    size_t count, capacity;
};

static int by_id(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static bool add_id(void *context, int64_t id, uint32_t bytes) {
    (void)bytes;
    struct id_list *list = context;
    bool ok = VECTOR_RESERVE(list->ids, list->capacity, list->count + 1);
    if (ok) {
        list->ids[list->count++] = id;
    }
    return ok;
}

// Of all directories and packs, ascending, each once.
static bool list_ids(struct store *store, struct id_list *list) {
    DIR *entries = fdopendir(dup(store->uploads));
    bool ok = entries;
    if (entries) {
        rewinddir(entries);
    }
    for (struct dirent *entry; ok && (entry = readdir(entries));) {
        int64_t id = store_id_of(entry->d_name);
        ok = id == 0 || add_id(list, id, 0);
    }
    if (entries) {
        closedir(entries);
    }
    ok = ok && packs_each(&store->packs, add_id, list);
    if (list->count > 1) {
        qsort(list->ids, list->count, sizeof *list->ids, by_id);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->ids[i] != list->ids[i - 1]) {
            list->ids[kept++] = list->ids[i];
        }
    }
    list->count = kept;
    return ok;
}

static enum receiver_error add_missing(struct store *store, struct catalog *catalog, const struct id_list *list, size_t *added) {
    struct upload_event_reader *reader = upload_event_reader_new();
    enum receiver_error error = reader ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    bool open = false;
    for (size_t i = 0; error == RECEIVER_OK && i < list->count; i++) {
        if (list->ids[i] < catalog_loaded_from(catalog) || catalog_has(catalog, list->ids[i])) {
            continue;
        }
        if (!open) {
            error = catalog_begin(catalog);
            open = error == RECEIVER_OK;
        }
        error = open ? rebuild_upload(store, catalog, reader, list->ids[i]) : error;
        *added += error == RECEIVER_OK;
        error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error;
        if (open && *added % ROWS_AT_ONCE == ROWS_AT_ONCE - 1) {
            enum receiver_error ended = catalog_end(catalog, error == RECEIVER_OK);
            error = error == RECEIVER_OK ? ended : error;
            open = false;
        }
    }
    if (open) {
        enum receiver_error ended = catalog_end(catalog, error == RECEIVER_OK);
        error = error == RECEIVER_OK ? ended : error;
    }
    upload_event_reader_free(reader);
    return error;
}

enum receiver_error rebuild_missing(struct store *store, struct catalog *catalog, size_t *added, size_t *dropped) {
    struct id_list list = {0};
    *added = *dropped = 0;
    enum receiver_error error = list_ids(store, &list) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        error = catalog_drop_others(catalog, list.ids, list.count, dropped);
    }
    if (error == RECEIVER_OK) {
        error = add_missing(store, catalog, &list, added);
    }
    // Numbers in use, by whatever, are not assigned again.
    catalog_skip_ids(catalog, list.count ? list.ids[list.count - 1] : 0);
    free(list.ids);
    return error;
}

bool rebuild_is_needless(struct store *store) {
    struct id_list list = {0};
    bool ok = list_ids(store, &list);
    ok = ok && catalog_has_just(store->catalog, list.ids, list.count);
    free(list.ids);
    return ok;
}
