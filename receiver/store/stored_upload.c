// stored_upload.c: see stored_upload.h.
#include "stored_upload.h"
#include "../../base/file.h"
#include "store_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum receiver_error open_packed(struct stored_upload *upload) {
    enum receiver_error error = packs_find(&upload->store->packs, upload->id, &upload->pack, &upload->record);
    upload->pack = error == RECEIVER_OK ? upload->pack : NULL;
    return error;
}

enum receiver_error stored_open(struct store *store, int64_t id, struct stored_upload *upload) {
    char name[24];
    upload->store = store;
    upload->id = id;
    upload->pack = NULL;
    snprintf(name, sizeof name, "%" PRId64, id);
    upload->directory = openat(store->uploads, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (upload->directory >= 0) {
        return RECEIVER_OK;
    }
    return errno == ENOENT ? open_packed(upload) : receiver_error_from_errno(errno);
}

void stored_close(struct stored_upload *upload) {
    if (upload->directory >= 0) {
        close(upload->directory);
    }
    pack_close(upload->pack);
    upload->directory = -1;
    upload->pack = NULL;
}

enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK }; // other files have none of them

bool stored_is_in_memory(int file) {
    int seals = fcntl(file, F_GET_SEALS);
    return seals >= 0 && (seals & SEALS) == SEALS;
}

// An anonymous file with these bytes, at its start, and the time of the upload.
static enum receiver_error as_file(const uint8_t *bytes, size_t size, int64_t time_ms, int *file) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time_ms / 1000, .tv_nsec = time_ms % 1000 * 1000000}};
    *file = memfd_create("cmemprof", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*file >= 0 && file_write(*file, bytes, size) && lseek(*file, 0, SEEK_SET) == 0 && fcntl(*file, F_ADD_SEALS, SEALS) == 0) {
        futimens(*file, times);
        return RECEIVER_OK;
    }
    enum receiver_error error = errno == ENOSPC ? RECEIVER_NO_MEMORY : receiver_error_from_errno(errno);
    if (*file >= 0) {
        close(*file);
        *file = -1;
    }
    return error;
}

static enum receiver_error packed_file(struct stored_upload *upload, const char *name, bool as_came, int *file) {
    const struct pack_part *part = pack_part_of(&upload->record, name);
    uint8_t *bytes;
    size_t size;
    enum receiver_error error = part ? packs_read(&upload->store->packs, upload->pack, part, as_came, &bytes, &size) : RECEIVER_NOT_FOUND;
    if (error == RECEIVER_OK) {
        error = as_file(bytes, size, upload->record.received_ms, file);
        free(bytes);
    }
    return error;
}

enum receiver_error stored_file(struct stored_upload *upload, const char *name, bool as_came, int *file) {
    *file = -1;
    if (upload->pack) {
        return packed_file(upload, name, as_came, file);
    }
    *file = openat(upload->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); // a pipe would wait
    int failed = *file < 0 ? errno : 0;
    if (failed == ENOENT && store_has_directory(upload->store, upload->id)) {
        return RECEIVER_NOT_FOUND; // a pack may have another upload of that number (packer_finish)
    }
    if (failed == ENOENT) { // or it was packed meanwhile
        return open_packed(upload) == RECEIVER_OK ? packed_file(upload, name, as_came, file) : RECEIVER_NOT_FOUND;
    }
    if (failed) {
        return failed == ELOOP ? RECEIVER_DAMAGED : receiver_error_from_errno(failed);
    }
    struct stat about;
    if (fstat(*file, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(*file);
        *file = -1;
        return RECEIVER_DAMAGED;
    }
    return RECEIVER_OK;
}

enum receiver_error stored_measured(void *files, const char *name, int *file) {
    return stored_file(files, name, true, file);
}

uint64_t stored_packed_bytes(const struct stored_upload *upload) {
    return upload->pack ? upload->record.bytes : 0;
}

bool stored_each(struct stored_upload *upload, void (*each)(void *context, const char *name, uint64_t size), void *context) {
    for (size_t i = 0; upload->pack && i < upload->record.count; i++) {
        each(context, upload->record.parts[i].file, upload->record.parts[i].came_size);
    }
    if (upload->pack) {
        return true;
    }
    DIR *entries = fdopendir(dup(upload->directory));
    if (!entries) {
        return false;
    }
    rewinddir(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat about;
        if (fstatat(upload->directory, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode)) {
            each(context, entry->d_name, (uint64_t)about.st_size);
        }
    }
    closedir(entries);
    return true;
}
