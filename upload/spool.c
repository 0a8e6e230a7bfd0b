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

#include "../base/directory_owner.h"
#include "../base/file.h"
#include "batch_memory.h"
#include "signal_guard.h"
#include "spool_list.h"
#include "spool_suspects.h"

struct upload_spool {
    uint64_t max_bytes;
    uint64_t last_number;               // of the last file that this process wrote
    struct spool_list list;             // files to send; may be outdated
    size_t next;                        // index in list
    char last[UPLOAD_SPOOL_NAME_BYTES]; // the last file looked at; "": none
    struct spool_suspects suspects;
    bool stuck; // the file of a sent batch could not be deleted
    // The file that holds space for an urgent batch, locked; room_fd -1: none.
    int room_fd;
    uint64_t room_random, room_bytes;
    char directory[];
};

// ---- The directory ----

// Users who can write to it could send batches in the service's name.
bool upload_spool_check(const char *path, char *text, size_t size) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *fault = directory >= 0 ? directory_owner_fault(directory) : NULL;
    if (directory >= 0) {
        close(directory);
    }
    snprintf(text, size, "%s", fault ? fault : "");
    return !fault;
}

static int open_directory(const struct upload_spool *spool) {
    int directory = open(spool->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0 && directory_owner_fault(directory)) {
        close(directory);
        errno = EPERM;
        return -1;
    }
    return directory;
}

// ---- Locks ----

// Locks the file and checks that it still has that name, since another process may have deleted or renamed it meanwhile. false: errno is
// EWOULDBLOCK if another process holds the lock, ENOENT if the file is gone.
static bool lock(int directory, int fd, const char *name) {
    struct stat by_fd, by_name;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return false;
    }
    errno = ENOENT;
    return fstat(fd, &by_fd) == 0 && S_ISREG(by_fd.st_mode) && fstatat(directory, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
           by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev;
}

// Opens and locks the file. -1: another process holds it, it cannot be read, or it is gone (ENOENT).
static int open_locked(int directory, const char *name) {
    int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !lock(directory, fd, name)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

// ---- Room ----

static void room_name(const struct upload_spool *spool, char name[UPLOAD_SPOOL_NAME_BYTES]) {
    spool_list_name(name, 0, spool->room_random, SPOOL_ROOM);
}

static void give_up_room(struct upload_spool *spool) {
    if (spool->room_fd < 0) {
        return;
    }
    char name[UPLOAD_SPOOL_NAME_BYTES];
    int directory = open_directory(spool);
    room_name(spool, name);
    if (directory >= 0) {
        unlinkat(directory, name, 0);
        close(directory);
    }
    close(spool->room_fd);
    spool->room_fd = -1;
}

// ---- Opening ----

// Deletes the partial files of ended processes, and the space that they held.
static uint64_t delete_left_behind(int directory, enum spool_kind kind) {
    struct spool_list list;
    uint64_t deleted = 0;
    if (!spool_list_read(&list, directory, kind, "")) {
        return 0;
    }
    for (size_t i = 0; i < list.count; i++) {
        int fd = open_locked(directory, list.files[i].name); // -1: a process is writing it
        if (fd >= 0) {
            deleted += unlinkat(directory, list.files[i].name, 0) == 0;
            close(fd);
        }
    }
    spool_list_free(&list);
    return deleted;
}

struct upload_spool *upload_spool_open(const char *path, uint64_t max_bytes, struct upload_counts *counts, int *cause) {
    *cause = 0;
    struct upload_spool *spool = calloc(1, sizeof *spool + strlen(path) + 1);
    if (!spool) {
        return NULL;
    }
    strcpy(spool->directory, path);
    spool->max_bytes = max_bytes;
    spool->room_fd = -1;
    int directory = mkdir(path, 0700) == 0 || errno == EEXIST ? open_directory(spool) : -1;
    if (directory < 0 || faccessat(directory, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        *cause = errno;
        if (directory >= 0) {
            close(directory);
        }
        free(spool);
        return NULL;
    }
    counts->spool_damaged += delete_left_behind(directory, SPOOL_HALF);
    delete_left_behind(directory, SPOOL_ROOM);
    close(directory);
    return spool;
}

void upload_spool_close(struct upload_spool *spool) {
    if (spool) {
        give_up_room(spool);
        spool_list_free(&spool->list);
        free(spool);
    }
}

// ---- Writing ----

// Returns the number of bytes freed.
static uint64_t delete_oldest(int directory, const struct spool_list *list, uint64_t excess, struct upload_counts *counts) {
    uint64_t deleted = 0;
    for (size_t i = 0; i < list->count && deleted < excess; i++) {
        int fd = open_locked(directory, list->files[i].name);
        if (fd >= 0) { // else it is being sent
            counts->spool_dropped += unlinkat(directory, list->files[i].name, 0) == 0;
            deleted += list->files[i].disk_bytes;
            close(fd);
        }
    }
    return deleted;
}

// Deletes the oldest files until `needed` bytes fit. Sets list to the files before that; caller must spool_list_free it. false: errno is
// set.
static bool free_space(const struct upload_spool *spool, int directory, struct spool_list *list, uint64_t needed,
                       struct upload_counts *counts) {
    for (;;) {
        if (!spool_list_read(list, directory, SPOOL_WHOLE, "")) {
            return false;
        }
        uint64_t total = list->disk_bytes + needed, excess = total > spool->max_bytes ? total - spool->max_bytes : 0;
        uint64_t deleted = delete_oldest(directory, list, excess, counts);
        if (deleted >= excess || deleted == 0 || !list->more) {
            return true;
        }
        spool_list_free(list); // more files than a list holds must go, since the limit was larger before
    }
}

static int sync_fd(int fd) {
    while (fsync(fd) != 0) {
        if (errno != EINTR) {
            return errno == EINVAL ? 0 : errno; // EINVAL: not supported by the file system
        }
    }
    return 0;
}

// Writes the batch's file, which stays open and locked.
static int write_file(int directory, uint64_t number, struct upload_batch *batch) {
    char half[UPLOAD_SPOOL_NAME_BYTES], whole[UPLOAD_SPOOL_NAME_BYTES];
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) {
        return EIO;
    }
    spool_list_name(half, number, random, SPOOL_HALF);
    spool_list_name(whole, number, random, SPOOL_WHOLE);
    int fd = openat(directory, half, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    if (!lock(directory, fd, half)) { // a process that is starting locked it first, and deletes it
        error = errno == ENOENT ? EAGAIN : errno;
    } else if (!file_write(fd, batch->bytes, batch->size)) {
        error = errno;
    } else {
        error = sync_fd(fd);
    }
    if (error == 0 && renameat(directory, half, directory, whole) != 0) {
        error = errno;
    }
    if (error != 0) {
        unlinkat(directory, half, 0);
        close(fd);
        return error;
    }
    (void)sync_fd(directory); // the file is complete; reporting an error here would only make the caller keep a second copy
    batch->spool_fd = fd;
    memcpy(batch->spool_name, whole, sizeof whole);
    return 0;
}

static int add(struct upload_spool *spool, int directory, struct upload_batch *batch, struct upload_counts *counts) {
    struct spool_list list;
    uint64_t needed = spool_list_disk_bytes(batch->size);
    if (needed > spool->max_bytes) {
        return EFBIG;
    }
    if (!free_space(spool, directory, &list, needed, counts)) {
        return errno;
    }
    uint64_t number = list.last_number > spool->last_number ? list.last_number : spool->last_number;
    spool_list_free(&list);
    int error = EAGAIN;
    for (int try = 0; try < 5 && error == EAGAIN; try++) {
        error = write_file(directory, ++number, batch);
    }
    spool->last_number = number;
    spool->stuck &= error != 0; // the disk is writable again
    return error;
}

int upload_spool_add(struct upload_spool *spool, struct upload_batch *batch, struct upload_counts *counts) {
    struct upload_signal_guard guard;
    int directory = open_directory(spool);
    if (directory < 0 && errno == ENOENT && mkdir(spool->directory, 0700) == 0) { // it was deleted meanwhile
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

// ---- Urgent batches ----

static int reserve(struct upload_spool *spool, int directory, uint64_t bytes) {
    struct spool_list list;
    char name[UPLOAD_SPOOL_NAME_BYTES];
    if (!spool_list_read(&list, directory, SPOOL_WHOLE, "")) {
        return errno;
    }
    spool->last_number = list.last_number > spool->last_number ? list.last_number : spool->last_number;
    spool_list_free(&list);
    if (getrandom(&spool->room_random, sizeof spool->room_random, 0) != sizeof spool->room_random) {
        return EIO;
    }
    room_name(spool, name);
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    if (!lock(directory, fd, name) || fallocate(fd, 0, 0, (off_t)bytes) != 0) {
        error = errno;
        unlinkat(directory, name, 0);
        close(fd);
        return error;
    }
    spool->room_fd = fd;
    spool->room_bytes = bytes;
    return 0;
}

int upload_spool_reserve(struct upload_spool *spool, uint64_t bytes) {
    struct upload_signal_guard guard;
    if (spool->room_fd >= 0) {
        return 0;
    }
    int directory = open_directory(spool);
    if (directory < 0) {
        return errno;
    }
    upload_signal_guard_begin(&guard);
    int error = reserve(spool, directory, bytes);
    upload_signal_guard_end(&guard);
    close(directory);
    return error;
}

// Synced last: what was written survives the process without that, and it may be killed in the next millisecond.
static bool write_into_room(struct upload_spool *spool, int directory, struct upload_batch *batch) {
    char room[UPLOAD_SPOOL_NAME_BYTES], whole[UPLOAD_SPOOL_NAME_BYTES];
    room_name(spool, room);
    spool_list_name(whole, spool->last_number + 1, spool->room_random, SPOOL_WHOLE);
    if (!lock(directory, spool->room_fd, room) || !file_write(spool->room_fd, batch->bytes, batch->size) ||
        ftruncate(spool->room_fd, (off_t)batch->size) != 0 || renameat(directory, room, directory, whole) != 0) {
        return false;
    }
    (void)sync_fd(spool->room_fd);
    (void)sync_fd(directory);
    batch->spool_fd = spool->room_fd;
    memcpy(batch->spool_name, whole, sizeof whole);
    spool->room_fd = -1;
    spool->last_number++;
    return true;
}

int upload_spool_add_urgent(struct upload_spool *spool, struct upload_batch *batch, struct upload_counts *counts) {
    struct upload_signal_guard guard;
    bool written = false;
    int directory = spool->room_fd >= 0 && batch->size <= spool->room_bytes ? open_directory(spool) : -1;
    if (directory >= 0) {
        upload_signal_guard_begin(&guard);
        written = write_into_room(spool, directory, batch);
        upload_signal_guard_end(&guard);
        close(directory);
    }
    if (!written) {
        give_up_room(spool);
    }
    return written ? 0 : upload_spool_add(spool, batch, counts);
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

// Returns UPLOAD_BATCH_NO_MEMORY also if the file cannot be read now.
static enum upload_batch_fault read_batch(const struct upload_spool *spool, int fd, struct upload_batch **batch) {
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return UPLOAD_BATCH_NO_MEMORY;
    }
    if (stat.st_size < UPLOAD_BATCH_HEADER_BYTES || (uint64_t)stat.st_size > spool->max_bytes) {
        return UPLOAD_BATCH_DAMAGED;
    }
    uint8_t *bytes = batch_memory_take((size_t)stat.st_size);
    if (!bytes || !read_all(fd, bytes, (size_t)stat.st_size)) {
        batch_memory_free(bytes, (size_t)stat.st_size);
        return UPLOAD_BATCH_NO_MEMORY;
    }
    return upload_batch_parse(bytes, (size_t)stat.st_size, batch);
}

// NULL: this file cannot be taken. *others: as in upload_spool_take.
static struct upload_batch *take(struct upload_spool *spool, int directory, const char *name, struct upload_counts *counts, bool *others) {
    struct upload_batch *batch = NULL;
    if (spool_suspects_waits(&spool->suspects, name, counts->sent)) {
        return NULL;
    }
    int fd = open_locked(directory, name);
    if (fd < 0) {
        *others |= errno != ENOENT;
        return NULL;
    }
    enum upload_batch_fault fault = read_batch(spool, fd, &batch);
    if (fault == UPLOAD_BATCH_FINE) {
        batch->spool_fd = fd;
        batch->spooled = true;
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
    struct upload_batch *batch = NULL;
    *others = false;
    int directory = spool->stuck ? -1 : open_directory(spool);
    if (directory < 0) {
        return NULL;
    }
    for (bool end = false, around = false; !batch && !end;) {
        if (spool->next < spool->list.count) {
            memcpy(spool->last, spool->list.files[spool->next++].name, sizeof spool->last);
            batch = take(spool, directory, spool->last, counts, others);
            continue;
        }
        spool_list_free(&spool->list);
        spool->next = 0;
        bool ok = spool_list_read(&spool->list, directory, SPOOL_WHOLE, spool->last);
        if (!ok || spool->list.count == 0) { // wraps around after the newest, once
            end = !ok || spool->last[0] == '\0' || around;
            around = true;
            spool->last[0] = '\0';
        }
    }
    close(directory);
    return batch;
}

static void release(struct upload_batch *batch) {
    close(batch->spool_fd); // releases the lock
    batch->spool_fd = -1;
}

int upload_spool_done(struct upload_spool *spool, struct upload_batch *batch) {
    int directory = open_directory(spool);
    int error = directory >= 0 && unlinkat(directory, batch->spool_name, 0) == 0 ? 0 : errno;
    if (directory >= 0) {
        close(directory);
    }
    spool->stuck = error != 0 && error != ENOENT; // or it would be sent repeatedly
    spool_suspects_forget(&spool->suspects, batch->spool_name);
    release(batch);
    return spool->stuck ? error : 0;
}

unsigned upload_spool_fail(struct upload_spool *spool, const struct upload_batch *batch, const struct upload_counts *counts) {
    return spool_suspects_add(&spool->suspects, batch->spool_name, counts->sent);
}

void upload_spool_leave(struct upload_spool *spool, struct upload_batch *batch, bool put_off) {
    if (!put_off && spool->next > 0 && strcmp(spool->list.files[spool->next - 1].name, batch->spool_name) == 0) {
        spool->next--;
    }
    release(batch);
}
