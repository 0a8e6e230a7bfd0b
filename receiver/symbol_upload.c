// symbol_upload.c: takes a file with symbols (symbol_upload.h).
#include "symbol_upload.h"
#include "failure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct symbol_upload {
    const struct receiver_symbols *symbols;
    char path[PATH_MAX]; // hidden while it is not complete, so that nobody looks into it. "": nothing to remove
    int file;
    size_t size_bytes;
    enum receiver_error error; // the first
};

struct symbol_upload *symbol_upload_new(const struct receiver_symbols *symbols) {
    struct symbol_upload *upload = calloc(1, sizeof *upload);
    if (!upload) {
        return NULL;
    }
    *upload = (struct symbol_upload){.symbols = symbols, .file = -1};
    if (snprintf(upload->path, sizeof upload->path, "%s/.upload-XXXXXX", symbols->directory) < (int)sizeof upload->path) {
        upload->file = mkostemp(upload->path, O_CLOEXEC);
    }
    if (upload->file < 0) {
        upload->error = receiver_error_from_errno(errno);
        upload->path[0] = '\0';
    }
    return upload;
}

bool symbol_upload_data(struct symbol_upload *upload, const char *bytes, size_t size) {
    upload->size_bytes += size;
    if (upload->size_bytes > SYMBOL_UPLOAD_MAX_BYTES) {
        upload->error = RECEIVER_TOO_LARGE;
        return false;
    }
    while (upload->error == RECEIVER_OK && size > 0) {
        ssize_t written = write(upload->file, bytes, size);
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            upload->error = receiver_error_from_errno(written < 0 ? errno : ENOSPC);
        }
    }
    return true; // the client is told of an error when it has sent all
}

static uint64_t bytes_in(const char *name) {
    uint64_t all = 0;
    DIR *directory = opendir(name);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
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

static enum receiver_error give_name(struct symbol_upload *upload, const char *build_id) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s.debug", upload->symbols->directory, build_id) >= (int)sizeof path) {
        return RECEIVER_IO;
    }
    if (fsync(upload->file) != 0 || rename(upload->path, path) != 0) {
        return receiver_error_from_errno(errno);
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
        snprintf(text, text_size, "the directory of symbols holds 16 GiB: make room in it");
        return RECEIVER_TOO_LARGE;
    }
    if (error == RECEIVER_OK && !upload->symbols->read_build_id(upload->path, build_id)) {
        snprintf(text, text_size, "no ELF file of 64 bits with a build ID");
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
    free(upload);
}
