// health.c: asks the disk (health.h).
#include "health.h"
#include "../../base/file.h"
#include "store_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PROBE_BYTES = 4096 };

static bool is_removed(int directory) {
    struct stat about;
    return fstat(directory, &about) != 0 || about.st_nlink == 0;
}

// Where the file system has no files without a name, the free space must do.
static enum receiver_error probe_space(struct store *store) {
    struct statvfs disk;
    if (fstatvfs(store->incoming, &disk) != 0) {
        return receiver_error_from_errno(errno);
    }
    bool is_full = (uint64_t)disk.f_bavail * disk.f_frsize < PROBE_BYTES;
    return disk.f_flag & ST_RDONLY ? RECEIVER_READ_ONLY : is_full ? RECEIVER_DISK_FULL : RECEIVER_OK;
}

enum receiver_error health_probe(struct store *store) {
    static const char zeros[PROBE_BYTES];
    if (is_removed(store->incoming) || is_removed(store->uploads)) {
        return RECEIVER_DIRECTORY_GONE;
    }
    int file = openat(store->incoming, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        return probe_space(store);
    }
    int error = file < 0 ? errno : file_write(file, zeros, sizeof zeros) ? 0 : errno;
    if (file >= 0 && close(file) != 0 && error == 0) { // network file systems report a full disk here
        error = errno;
    }
    return error == 0 ? RECEIVER_OK : receiver_error_from_errno(error);
}

static uint64_t size_of(int directory, const char *name) {
    static const char *const endings[] = {"", "-wal"};
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char file[40];
        struct stat about;
        stpcpy(stpcpy(file, name), endings[i]);
        bytes += fstatat(directory, file, &about, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)about.st_size : 0;
    }
    return bytes;
}

void health_disk(struct store *store, struct health_disk *disk) {
    struct statvfs about;
    bool known = fstatvfs(store->directory, &about) == 0;
    *disk = (struct health_disk){.free_bytes = known ? (uint64_t)about.f_bavail * about.f_frsize : 0,
                                 .index_bytes = size_of(store->directory, "index.sqlite"),
                                 .figures_bytes = size_of(store->directory, "figures.sqlite"),
                                 .rollups_bytes = size_of(store->directory, "rollups.sqlite")};
}
