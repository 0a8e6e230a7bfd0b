// spool.c: see spool.h. The list of files is spool_list.c.
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signal_guard.h"
#include "spool_list.h"

struct upload_spool {
    uint64_t max_bytes;
    uint64_t last_number;                  // of a file that this process wrote
    char put_off[UPLOAD_SPOOL_NAME_BYTES]; // what comes behind this one goes first; ""
    char directory[];
};

static int open_directory(const struct upload_spool *spool) {
    return open(spool->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// Locked, and still the file of that name? With a lock on a file that somebody has deleted or renamed in the meantime there is nothing to
// do. false: errno is EAGAIN when another one might work.
static bool lock(int directory, int fd, const char *name) {
    struct stat by_fd, by_name;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return false;
    }
    errno = EAGAIN;
    return fstat(fd, &by_fd) == 0 && S_ISREG(by_fd.st_mode) && fstatat(directory, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
           by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev;
}

// The file, locked; -1: somebody else has it, or it cannot be read.
static int open_locked(int directory, const char *name) {
    int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !lock(directory, fd, name)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

// ---- Opening ----

static void delete_half_written(int directory, struct upload_counts *counts) {
    struct spool_list list;
    if (!spool_list_read(&list, directory, true)) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        int fd = open_locked(directory, list.files[i].name); // no lock: somebody is writing it right now
        if (fd >= 0) {
            counts->spool_damaged += unlinkat(directory, list.files[i].name, 0) == 0;
            close(fd);
        }
    }
    spool_list_free(&list);
}

struct upload_spool *upload_spool_open(const char *path, uint64_t max_bytes, struct upload_counts *counts, int *cause) {
    *cause = 0;
    struct upload_spool *spool = calloc(1, sizeof *spool + strlen(path) + 1);
    if (spool == NULL) {
        return NULL;
    }
    strcpy(spool->directory, path);
    spool->max_bytes = max_bytes;
    int directory = mkdir(path, 0700) == 0 || errno == EEXIST ? open_directory(spool) : -1;
    if (directory < 0 || faccessat(directory, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        *cause = errno;
        if (directory >= 0) {
            close(directory);
        }
        free(spool);
        return NULL;
    }
    delete_half_written(directory, counts);
    close(directory);
    return spool;
}

void upload_spool_close(struct upload_spool *spool) {
    free(spool);
}

// ---- Writing ----

static bool write_all(int fd, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            errno = done == 0 ? ENOSPC : errno;
            return false;
        }
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

static void make_room(struct upload_spool *spool, int directory, const struct spool_list *list, uint64_t needed,
                      struct upload_counts *counts) {
    uint64_t total = list->disk_bytes;
    for (size_t i = 0; i < list->count && total + needed > spool->max_bytes; i++) {
        int fd = open_locked(directory, list->files[i].name);
        if (fd >= 0) { // else it is on its way
            counts->spool_dropped += unlinkat(directory, list->files[i].name, 0) == 0;
            total -= list->files[i].disk_bytes;
            close(fd);
        }
    }
}

static int sync_fd(int fd) {
    while (fsync(fd) != 0) {
        if (errno != EINTR) {
            return errno == EINVAL ? 0 : errno; // EINVAL: a file system that does not know it
        }
    }
    return 0;
}

static int write_file(int directory, uint64_t number, const struct upload_batch *batch) {
    char half[UPLOAD_SPOOL_NAME_BYTES], whole[UPLOAD_SPOOL_NAME_BYTES];
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) {
        return EIO;
    }
    spool_list_name(half, number, random, true);
    spool_list_name(whole, number, random, false);
    int fd = openat(directory, half, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    if (!lock(directory, fd, half)) { // a process that starts up had the lock before us, and deletes it
        error = errno == ENOENT ? EAGAIN : errno;
    } else if (!write_all(fd, batch->bytes, batch->size)) {
        error = errno;
    } else {
        error = sync_fd(fd);
    }
    if (error == 0 && renameat(directory, half, directory, whole) != 0) {
        error = errno;
    }
    if (error != 0) {
        unlinkat(directory, half, 0);
    }
    close(fd);
    // Whole and in its place: an error of this last step would only make the caller keep a second one.
    return error == 0 ? (void)sync_fd(directory), 0 : error;
}

static int add(struct upload_spool *spool, int directory, const struct upload_batch *batch, struct upload_counts *counts) {
    struct spool_list list;
    uint64_t needed = spool_list_disk_bytes(batch->size);
    if (needed > spool->max_bytes) {
        return EFBIG;
    }
    if (!spool_list_read(&list, directory, false)) {
        return errno;
    }
    uint64_t number = list.last_number > spool->last_number ? list.last_number : spool->last_number;
    make_room(spool, directory, &list, needed, counts);
    spool_list_free(&list);
    int error = EAGAIN;
    for (int try = 0; try < 5 && error == EAGAIN; try++) {
        error = write_file(directory, ++number, batch);
    }
    spool->last_number = number;
    return error;
}

int upload_spool_add(struct upload_spool *spool, const struct upload_batch *batch, struct upload_counts *counts) {
    struct upload_signal_guard guard;
    int directory = open_directory(spool);
    if (directory < 0 && errno == ENOENT && mkdir(spool->directory, 0700) == 0) { // somebody cleaned up
        directory = open_directory(spool);
    }
    if (directory < 0) {
        return errno;
    }
    upload_signal_guard_begin(&guard);
    int error = add(spool, directory, batch, counts);
    upload_signal_guard_end(&guard);
    close(directory);
    return error;
}

// ---- Reading ----

static bool read_all(int fd, uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t got = read(fd, bytes, size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

// UPLOAD_BATCH_NO_MEMORY also for a file that cannot be read now.
static enum upload_batch_fault read_batch(const struct upload_spool *spool, int fd, struct upload_batch **batch) {
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return UPLOAD_BATCH_NO_MEMORY;
    }
    if (stat.st_size < UPLOAD_BATCH_HEADER_BYTES || (uint64_t)stat.st_size > spool->max_bytes) {
        return UPLOAD_BATCH_DAMAGED;
    }
    uint8_t *bytes = malloc((size_t)stat.st_size);
    if (bytes == NULL || !read_all(fd, bytes, (size_t)stat.st_size)) {
        free(bytes);
        return UPLOAD_BATCH_NO_MEMORY;
    }
    return upload_batch_parse(bytes, (size_t)stat.st_size, batch);
}

// NULL: not this one. *others as in upload_spool_take.
static struct upload_batch *take(struct upload_spool *spool, int directory, const char *name, struct upload_counts *counts, bool *others) {
    struct upload_batch *batch = NULL;
    int fd = open_locked(directory, name);
    if (fd < 0) {
        *others = true;
        return NULL;
    }
    enum upload_batch_fault fault = read_batch(spool, fd, &batch);
    if (fault == UPLOAD_BATCH_FINE) {
        batch->spool_fd = fd;
        snprintf(batch->spool_name, sizeof batch->spool_name, "%s", name);
        return batch;
    }
    if (fault == UPLOAD_BATCH_DAMAGED) {
        counts->spool_damaged += unlinkat(directory, name, 0) == 0;
    }
    *others |= fault != UPLOAD_BATCH_DAMAGED;
    close(fd);
    return NULL;
}

struct upload_batch *upload_spool_take(struct upload_spool *spool, struct upload_counts *counts, bool *others) {
    struct spool_list list;
    struct upload_batch *batch = NULL;
    *others = false;
    int directory = open_directory(spool);
    if (directory < 0) {
        return NULL;
    }
    if (spool_list_read(&list, directory, false)) {
        size_t first = 0;
        while (first < list.count && strcmp(list.files[first].name, spool->put_off) <= 0) {
            first++;
        }
        for (size_t i = 0; i < list.count && batch == NULL; i++) {
            batch = take(spool, directory, list.files[(first + i) % list.count].name, counts, others);
        }
        spool_list_free(&list);
    }
    close(directory);
    return batch;
}

static void let_go(struct upload_batch *batch) {
    close(batch->spool_fd); // and with it the lock
    batch->spool_fd = -1;
}

void upload_spool_done(struct upload_spool *spool, struct upload_batch *batch) {
    int directory = open_directory(spool);
    if (directory >= 0) {
        unlinkat(directory, batch->spool_name, 0);
        close(directory);
    }
    let_go(batch);
}

void upload_spool_leave(struct upload_spool *spool, struct upload_batch *batch, bool put_off) {
    if (put_off) {
        memcpy(spool->put_off, batch->spool_name, sizeof spool->put_off);
    }
    let_go(batch);
}

bool upload_spool_is_empty(struct upload_spool *spool) {
    struct spool_list list;
    bool empty = true;
    int directory = open_directory(spool);
    if (directory >= 0) {
        if (spool_list_read(&list, directory, false)) {
            empty = list.count == 0;
            spool_list_free(&list);
        }
        close(directory);
    }
    return empty;
}
