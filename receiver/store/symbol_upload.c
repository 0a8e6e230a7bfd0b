// symbol_upload.c: receives a file with symbols (symbol_upload.h).
#include "symbol_upload.h"
#include "../../base/file.h"
#include "../base/failure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = ".upload-";
static const char full_text[] = "the directory of symbols holds 16 GiB: make room in it";

struct symbol_upload {
    const struct receiver_symbols *symbols;
    atomic_uint *count;
    char path[PATH_MAX]; // hidden while incomplete, so that no reader opens it. "": nothing to remove
    int file;            // locked while it is written
    size_t size_bytes;
    enum receiver_error error; // the first
};

// ---- The directory ----

static uint64_t bytes_in(const char *name) {
    uint64_t all = 0;
    DIR *directory = opendir(name);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        struct stat about;
        if (fstatat(dirfd(directory), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode)) {
            all += (uint64_t)about.st_size;
        }
    }
    if (directory) {
        closedir(directory);
    }
    return all;
}

// A lock ends with its process, so a file that can be locked is abandoned.
static void remove_left_over(int directory, const char *name) {
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file >= 0) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) {
            unlinkat(directory, name, 0);
        }
        close(file);
    }
}

void symbol_upload_clean(const struct receiver_symbols *symbols) {
    DIR *directory = opendir(symbols->directory);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0) {
            remove_left_over(dirfd(directory), entry->d_name);
        }
    }
    if (directory) {
        closedir(directory);
    }
}

// ---- One file ----

// Its directory is not the data directory: the receiver need not be started again when it is there.
static enum receiver_error error_now(void) {
    enum receiver_error error = receiver_error_from_errno(errno);
    return error == RECEIVER_DIRECTORY_GONE ? RECEIVER_IO : error;
}

static bool open_file(struct symbol_upload *upload) {
    if (snprintf(upload->path, sizeof upload->path, "%s/%sXXXXXX", upload->symbols->directory, prefix) >= (int)sizeof upload->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    upload->file = mkostemp(upload->path, O_CLOEXEC);
    if (upload->file >= 0) {
        (void)flock(upload->file, LOCK_EX | LOCK_NB); // without locks, symbol_upload_clean cannot lock either
    }
    return upload->file >= 0;
}

enum receiver_error symbol_upload_begin(const struct receiver_symbols *symbols, atomic_uint *count, struct symbol_upload **out,
                                        const char **text) {
    enum receiver_error error = RECEIVER_OK;
    struct symbol_upload *upload = NULL;
    if (atomic_fetch_add(count, 1) >= SYMBOL_UPLOAD_MAX_COUNT) {
        error = RECEIVER_BUSY;
    } else if (bytes_in(symbols->directory) > SYMBOL_UPLOAD_MAX_ALL_BYTES) {
        error = RECEIVER_TOO_LARGE;
    } else if (!(upload = calloc(1, sizeof *upload))) {
        error = RECEIVER_NO_MEMORY;
    }
    if (error != RECEIVER_OK) {
        atomic_fetch_sub(count, 1);
        *text = error == RECEIVER_TOO_LARGE ? full_text : receiver_error_text(error);
        return error;
    }
    *upload = (struct symbol_upload){.symbols = symbols, .count = count, .file = -1};
    if (!open_file(upload)) {
        upload->error = error_now();
        upload->path[0] = '\0';
    }
    *out = upload;
    return RECEIVER_OK;
}

bool symbol_upload_data(struct symbol_upload *upload, const char *bytes, size_t size) {
    upload->size_bytes += size;
    if (upload->size_bytes > SYMBOL_UPLOAD_MAX_BYTES) {
        upload->error = RECEIVER_TOO_LARGE;
        return false;
    }
    if (upload->error == RECEIVER_OK && !file_write(upload->file, bytes, size)) {
        upload->error = error_now();
    }
    return true; // the client is told of an error at the end
}

static enum receiver_error give_name(struct symbol_upload *upload, const char *build_id) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s.debug", upload->symbols->directory, build_id) >= (int)sizeof path) {
        return RECEIVER_IO;
    }
    if (fsync(upload->file) != 0 || rename(upload->path, path) != 0) {
        return error_now();
    }
    upload->path[0] = '\0';
    int directory = open(upload->symbols->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        (void)fsync(directory);
        close(directory);
    }
    return RECEIVER_OK;
}

enum receiver_error symbol_upload_finish(struct symbol_upload *upload, char build_id[RECEIVER_BUILD_ID_BYTES], char *text,
                                         size_t text_size) {
    enum receiver_error error = upload->error;
    if (error == RECEIVER_OK && bytes_in(upload->symbols->directory) > SYMBOL_UPLOAD_MAX_ALL_BYTES) {
        snprintf(text, text_size, "%s", full_text);
        return RECEIVER_TOO_LARGE;
    }
    if (error == RECEIVER_OK && !upload->symbols->read_build_id(upload->path, build_id)) {
        snprintf(text, text_size, "not a 64-bit ELF file with a build ID");
        return RECEIVER_BAD_UPLOAD;
    }
    error = error == RECEIVER_OK ? give_name(upload, build_id) : error;
    snprintf(text, text_size, "%s", receiver_error_text(error));
    return error;
}

void symbol_upload_free(struct symbol_upload *upload) {
    if (!upload) {
        return;
    }
    if (upload->path[0]) {
        unlink(upload->path);
    }
    if (upload->file >= 0) {
        close(upload->file);
    }
    atomic_fetch_sub(upload->count, 1);
    free(upload);
}
