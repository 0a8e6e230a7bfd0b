// incoming.c: the files of one upload while it arrives, and their way into the store (store.h).
#include "store_directory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct incoming {
    struct store *store;
    char name[24]; // below incoming/
    bool kept;     // renamed and committed
    int directory; // DIR/incoming/name
    int file;      // the attachment being written, or -1
    struct catalog_attachment attachments[STORE_MAX_ATTACHMENTS];
    size_t count;
};

enum receiver_error incoming_new(struct store *store, struct incoming **out) {
    struct incoming *incoming = calloc(1, sizeof *incoming);
    uint64_t number;
    if (!incoming || getrandom(&number, sizeof number, 0) != sizeof number) {
        free(incoming);
        return RECEIVER_NO_MEMORY;
    }
    incoming->store = store;
    incoming->file = incoming->directory = -1;
    snprintf(incoming->name, sizeof incoming->name, "%016" PRIx64, number);
    if (mkdirat(store->incoming, incoming->name, 0700) == 0) {
        incoming->directory = openat(store->incoming, incoming->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (incoming->directory < 0) {
        enum receiver_error error = receiver_error_from_errno(errno);
        incoming_free(incoming);
        return error;
    }
    *out = incoming;
    return RECEIVER_OK;
}

static enum receiver_error finish_file(struct incoming *incoming) {
    if (incoming->file < 0) {
        return RECEIVER_OK;
    }
    // Some file systems report a full disk only here.
    int failed = fdatasync(incoming->file) != 0 ? errno : 0;
    failed = close(incoming->file) != 0 && !failed ? errno : failed;
    incoming->file = -1;
    return failed ? receiver_error_from_errno(failed) : RECEIVER_OK;
}

static enum receiver_error open_file(struct incoming *incoming, const char *name) {
    enum receiver_error error = finish_file(incoming);
    if (error != RECEIVER_OK) {
        return error;
    }
    incoming->file = openat(incoming->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return incoming->file < 0 ? receiver_error_from_errno(errno) : RECEIVER_OK;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

// "0-delta-heap.pprof": the number makes it unique, the rest is for people who look into the directory.
static void make_file_name(size_t number, const char *name, char file[CATALOG_FILE_MAX_BYTES + 1]) {
    int used = snprintf(file, CATALOG_FILE_MAX_BYTES + 1, "%zu-", number);
    size_t i = (size_t)used;
    for (; *name && i < CATALOG_FILE_MAX_BYTES; i++, name++) {
        unsigned char c = (unsigned char)*name;
        file[i] = (c < 0x80 && isalnum(c)) || c == '.' || c == '-' || c == '_' ? (char)c : '_';
    }
    file[i] = '\0';
}

// The name as kept: no slash and no control character, so that it is one segment of a URL and one line of text; UTF-8 throughout.
static void clean_name(const char *name, char clean[CATALOG_NAME_MAX_BYTES + 1]) {
    size_t length = strlen(name), used = 0;
    for (size_t i = 0; i < length && used < CATALOG_NAME_MAX_BYTES; i++) {
        unsigned char c = (unsigned char)name[i];
        size_t sequence = json_utf8_length(name + i, length - i);
        if (sequence > 1 && used + sequence <= CATALOG_NAME_MAX_BYTES) {
            memcpy(clean + used, name + i, sequence);
            used += sequence;
            i += sequence - 1;
        } else {
            clean[used++] = c < 0x20 || c >= 0x7F || c == '/' || c == '\\' ? '_' : (char)c;
        }
    }
    clean[used] = '\0';
}

enum receiver_error incoming_attachment(struct incoming *incoming, const char *name, char *text, size_t text_size) {
    if (incoming->count == STORE_MAX_ATTACHMENTS) {
        snprintf(text, text_size, "more than %d attachments", STORE_MAX_ATTACHMENTS);
        return RECEIVER_BAD_UPLOAD;
    }
    if (!name || !*name) {
        snprintf(text, text_size, "an attachment has no name");
        return RECEIVER_BAD_UPLOAD;
    }
    if (strlen(name) > CATALOG_NAME_MAX_BYTES) {
        snprintf(text, text_size, "an attachment's name is longer than %d bytes", CATALOG_NAME_MAX_BYTES);
        return RECEIVER_BAD_UPLOAD;
    }
    struct catalog_attachment *attachment = &incoming->attachments[incoming->count];
    *attachment = (struct catalog_attachment){0};
    clean_name(name, attachment->name);
    for (size_t i = 0; i < incoming->count; i++) {
        if (strcmp(incoming->attachments[i].name, attachment->name) == 0) {
            snprintf(text, text_size, "two attachments are named %.100s", attachment->name);
            return RECEIVER_BAD_UPLOAD;
        }
    }
    make_file_name(incoming->count, name, attachment->file);
    attachment->pprof = ends_with(name, ".pprof") || ends_with(name, ".pb.gz");
    enum receiver_error error = open_file(incoming, attachment->file);
    incoming->count += error == RECEIVER_OK;
    return error;
}

static enum receiver_error write_all(int file, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return receiver_error_from_errno(written < 0 ? errno : ENOSPC);
        }
        bytes += written;
        size -= (size_t)written;
    }
    return RECEIVER_OK;
}

enum receiver_error incoming_write(struct incoming *incoming, const char *bytes, size_t size) {
    incoming->attachments[incoming->count - 1].size_bytes += size;
    return write_all(incoming->file, bytes, size);
}

// Moves the directory into uploads/ID; what may be there is from a crash and in nobody's index.
static enum receiver_error move_into_place(struct incoming *incoming, const char *name) {
    struct store *store = incoming->store;
    store_remove_directory(store->uploads, name);
    if (renameat(store->incoming, incoming->name, store->uploads, name) != 0 || fsync(store->uploads) != 0) {
        return receiver_error_from_errno(errno);
    }
    return RECEIVER_OK;
}

enum receiver_error incoming_keep(struct incoming *incoming, const char *event, size_t event_size, const char *more_tags, int64_t *id,
                                  char *text, size_t text_size) {
    struct store *store = incoming->store;
    enum receiver_error error = open_file(incoming, "event.json");
    if (error == RECEIVER_OK) {
        error = write_all(incoming->file, event, event_size);
    }
    if (error == RECEIVER_OK) {
        error = finish_file(incoming);
    }
    if (error == RECEIVER_OK && fsync(incoming->directory) != 0) {
        error = receiver_error_from_errno(errno);
    }
    if (error != RECEIVER_OK) {
        return error;
    }
    error = catalog_add_begin(store->catalog, event, event_size, more_tags, incoming->attachments, incoming->count, id, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    char name[24];
    snprintf(name, sizeof name, "%" PRId64, *id);
    enum receiver_error moved = move_into_place(incoming, name);
    error = catalog_add_end(store->catalog, moved == RECEIVER_OK);
    error = moved != RECEIVER_OK ? moved : error;
    incoming->kept = error == RECEIVER_OK;
    if (incoming->kept) {
        store_retain(store);
    } else {
        store_remove_directory(store->uploads, name);
    }
    return error;
}

void incoming_free(struct incoming *incoming) {
    if (!incoming) {
        return;
    }
    if (incoming->file >= 0) {
        close(incoming->file);
    }
    if (incoming->directory >= 0) {
        close(incoming->directory);
    }
    if (!incoming->kept) {
        store_remove_directory(incoming->store->incoming, incoming->name);
    }
    free(incoming);
}
