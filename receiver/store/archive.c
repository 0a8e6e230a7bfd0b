// archive.c: an upload as a tar file (archive.h).
#include "archive.h"
#include "../base/tar.h"
#include "stored_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = TAR_BLOCK, ENTRIES_MAX = CATALOG_MAX_ATTACHMENTS + 2 };

struct entry {
    char name[CATALOG_FILE_MAX_BYTES + 1];
    int file;
    uint64_t size;
};

struct archive {
    int64_t id;
    time_t time;
    struct entry entries[ENTRIES_MAX];
    size_t count, current; // current == count: the end blocks
    uint64_t at;           // in the current entry: its header, its bytes, its padding
    char header[BLOCK];
    enum receiver_error error; // of opening
    struct store *store;
};

// ---- Opening ----

// Letters, digits and a few signs, no leading dot: no path, nothing special to a shell or a terminal.
static bool is_harmless(const char *name) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= CATALOG_FILE_MAX_BYTES && strspn(name, plain) == length && name[0] != '.' && name[0] != '-';
}

static bool is_name_on_disk(const char *name) {
    size_t digits = strspn(name, "0123456789");
    return digits > 0 && name[digits] == '-';
}

// Ignoring case, as some file systems on which it is unpacked do.
static bool is_taken(const struct archive *archive, const char *name) {
    for (size_t i = 0; i < archive->count; i++) {
        if (strcasecmp(archive->entries[i].name, name) == 0) {
            return true;
        }
    }
    return strcasecmp(name, "event.json") == 0 || strcasecmp(name, "meta.json") == 0;
}

// name NULL: it need not be there.
static void add(struct archive *archive, struct stored_upload *upload, const char *file, const char *name, const uint64_t *expected_size) {
    struct entry *entry = &archive->entries[archive->count];
    struct stat about;
    enum receiver_error error = stored_file(upload, file, true, &entry->file);
    if (error == RECEIVER_NOT_FOUND && !name) {
        return;
    }
    bool out_of_files = error != RECEIVER_OK && (errno == EMFILE || errno == ENFILE); // too many archives at once
    name = name ? name : "";
    if (error != RECEIVER_OK || fstat(entry->file, &about) != 0 || (expected_size && (uint64_t)about.st_size != *expected_size)) {
        if (entry->file >= 0) {
            close(entry->file);
        }
        archive->error = out_of_files ? RECEIVER_BUSY : RECEIVER_DAMAGED;
        return;
    }
    bool own_name = is_harmless(name) && !is_name_on_disk(name) && !is_taken(archive, name);
    snprintf(entry->name, sizeof entry->name, "%.*s", CATALOG_FILE_MAX_BYTES, own_name ? name : file); // both fit
    entry->size = (uint64_t)about.st_size;
    archive->time = about.st_mtime;
    archive->count++;
}

static bool open_upload(void *context, const struct catalog_upload *upload) {
    struct archive *archive = context;
    struct stored_upload files;
    archive->error = stored_open(archive->store, upload->id, &files);
    if (archive->error != RECEIVER_OK) {
        archive->error = RECEIVER_DAMAGED;
        return false;
    }
    add(archive, &files, "event.json", "", NULL);
    if (archive->error == RECEIVER_OK) {
        add(archive, &files, "meta.json", NULL, NULL);
    }
    for (size_t i = 0; archive->error == RECEIVER_OK && i < upload->attachment_count; i++) {
        const struct catalog_attachment *attachment = &upload->attachments[i];
        add(archive, &files, attachment->file, attachment->name, &attachment->size_bytes);
    }
    stored_close(&files);
    return false;
}

enum receiver_error archive_open(struct store *store, int64_t id, struct archive **out) {
    struct archive *archive = calloc(1, sizeof *archive);
    if (!archive) {
        return RECEIVER_NO_MEMORY;
    }
    archive->store = store;
    archive->id = id;
    archive->error = RECEIVER_NOT_FOUND; // unless there is one
    struct selection selection;
    selection_init(&selection);
    selection.ids = &id;
    selection.id_count = 1;
    enum receiver_error error = catalog_select(store_catalog(store), &selection, 1, open_upload, archive, NULL);
    error = error == RECEIVER_OK ? archive->error : error;
    if (error != RECEIVER_OK) {
        archive_free(archive);
        return error;
    }
    *out = archive;
    return RECEIVER_OK;
}

void archive_free(struct archive *archive) {
    for (size_t i = 0; i < archive->count; i++) {
        close(archive->entries[i].file);
    }
    free(archive);
}

size_t archive_memory(const struct archive *archive) {
    size_t bytes = 0;
    for (size_t i = 0; i < archive->count; i++) {
        bytes += stored_is_in_memory(archive->entries[i].file) ? archive->entries[i].size : 0;
    }
    return bytes;
}

uint64_t archive_size(const struct archive *archive) {
    uint64_t size = 2 * BLOCK;
    for (size_t i = 0; i < archive->count; i++) {
        size += BLOCK + tar_padded(archive->entries[i].size);
    }
    return size;
}

// ---- Reading ----

static void make_header(struct archive *archive, const struct entry *entry) {
    char name[TAR_NAME_MAX + 40];
    snprintf(name, sizeof name, "upload-%" PRId64 "/%s", archive->id, entry->name);
    tar_header(archive->header, TAR_FILE, "", name, entry->size, archive->time);
}

static size_t smaller(uint64_t a, size_t b) {
    return a < b ? (size_t)a : b;
}

static ssize_t read_entry(struct archive *archive, const struct entry *entry, char *bytes, size_t size) {
    if (archive->at < BLOCK) {
        if (archive->at == 0) {
            make_header(archive, entry);
        }
        size_t count = smaller(BLOCK - archive->at, size);
        memcpy(bytes, archive->header + archive->at, count);
        return (ssize_t)count;
    }
    uint64_t offset = archive->at - BLOCK;
    if (offset < entry->size) {
        ssize_t count;
        do {
            count = pread(entry->file, bytes, smaller(entry->size - offset, size), (off_t)offset);
        } while (count < 0 && errno == EINTR);
        return count > 0 ? count : -1;
    }
    size_t count = smaller(tar_padded(entry->size) - offset, size);
    memset(bytes, 0, count);
    return (ssize_t)count;
}

ssize_t archive_read(struct archive *archive, char *bytes, size_t size) {
    bool end = archive->current == archive->count;
    if (end) {
        size_t count = smaller(2 * BLOCK - archive->at, size);
        memset(bytes, 0, count);
        archive->at += count;
        return (ssize_t)count;
    }
    const struct entry *entry = &archive->entries[archive->current];
    ssize_t count = read_entry(archive, entry, bytes, size);
    archive->at += count > 0 ? (uint64_t)count : 0;
    if (archive->at == BLOCK + tar_padded(entry->size)) {
        archive->current++;
        archive->at = 0;
    }
    return count;
}
