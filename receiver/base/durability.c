// durability.c: asks the kernel about a file system (durability.h).
//
// XFS always has a journal. ext4 may have none, and then an fsync of a directory commits that directory alone; statfs gives ext2 and ext3
// the same type. /sys/fs/ext4/DEVICE/journal_task holds the id of the journal's thread, or "<none>". syncfs is correct on all three; on
// some others (FUSE) it does nothing.
#include "durability.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

// The file begins with a digit.
static bool has_number(const char *path) {
    char first = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool read_one = file >= 0 && read(file, &first, 1) == 1;
    if (file >= 0) {
        close(file);
    }
    return read_one && first >= '0' && first <= '9';
}

enum durability durability_of_device(long type, dev_t device, const char *sys) {
    char path[PATH_MAX], target[PATH_MAX];
    if (type == XFS_SUPER_MAGIC) {
        return DURABILITY_JOURNAL;
    }
    if (type != EXT4_SUPER_MAGIC) {
        return DURABILITY_EACH_FILE;
    }
    snprintf(path, sizeof path, "%s/dev/block/%u:%u", sys, major(device), minor(device));
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0) {
        return DURABILITY_SYNCFS;
    }
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    int size = snprintf(path, sizeof path, "%s/fs/ext4/%s/journal_task", sys, slash ? slash + 1 : target);
    return size < (int)sizeof path && has_number(path) ? DURABILITY_JOURNAL : DURABILITY_SYNCFS;
}

enum durability durability_of(int directory) {
    struct statfs system;
    struct stat about;
    bool known = fstatfs(directory, &system) == 0 && fstat(directory, &about) == 0;
    return known ? durability_of_device(system.f_type, about.st_dev, "/sys") : DURABILITY_EACH_FILE;
}
