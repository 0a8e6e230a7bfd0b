// file.h: writes all bytes, and puts a complete file in the place of an older one.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_BASE_FILE_H
#define CMEMPROF_BASE_FILE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

// Returns false with errno set; some of the bytes may be written then.
static inline bool file_write(int file, const void *bytes, size_t size) {
    for (const char *at = bytes; size > 0;) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written < 0 ? errno : ENOSPC;
            return false;
        }
        at += written;
        size -= (size_t)written;
    }
    return true;
}

// Closes a file that was written as `temporary` and renames it to path: readers see the old file or the whole new one. If it is not
// complete (errno says why), or that fails, removes it instead and returns false with errno set. Nothing is synced.
static inline bool file_replace(int file, bool complete, const char *temporary, const char *path) {
    int error = errno;
    if (close(file) != 0 && complete) { // NFS and quotas may report a full disk only here
        complete = false;
        error = errno;
    }
    if (complete && rename(temporary, path) == 0) {
        return true;
    }
    error = complete ? errno : error;
    unlink(temporary);
    errno = error;
    return false;
}

#endif
