// disk_reserve.c: room for a start on a full disk (disk_reserve.h).
#include "disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FREE_TIMES = 16 };

bool disk_has_room(int directory, uint64_t bytes) {
    struct statvfs disk;
    return fstatvfs(directory, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize >= bytes;
}

void disk_reserve_keep(int directory) {
    if (!disk_has_room(directory, FREE_TIMES * DISK_RESERVE_BYTES)) {
        return;
    }
    int file = openat(directory, DISK_RESERVE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return; // there is one
    }
    bool is_kept = fallocate(file, 0, 0, DISK_RESERVE_BYTES) == 0;
    close(file);
    if (!is_kept) {
        unlinkat(directory, DISK_RESERVE_NAME, 0);
    }
}

bool disk_reserve_use(int directory) {
    return unlinkat(directory, DISK_RESERVE_NAME, 0) == 0;
}
