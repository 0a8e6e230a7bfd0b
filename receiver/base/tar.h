// tar.h: headers of tar files: ustar, with the time of a file to the nanosecond in a pax header before it (POSIX.1-2001).
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_TAR_H
#define CMEMPROF_RECEIVER_TAR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { TAR_BLOCK = 512, TAR_NAME_MAX = 100, TAR_PREFIX_MAX = 155, TAR_PATH_BYTES = TAR_PREFIX_MAX + 1 + TAR_NAME_MAX + 1 };
enum { TAR_FILE = '0', TAR_FOLDER = '5', TAR_PAX = 'x' };

static inline uint64_t tar_padded(uint64_t size) {
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}
// prefix: "" or a folder, TAR_PREFIX_MAX at most; name: TAR_NAME_MAX at most; size below 8 GiB.
void tar_header(char block[TAR_BLOCK], char type, const char *prefix, const char *name, uint64_t size, time_t time);
// Two blocks: a pax header with that time, for the file that follows.
void tar_time(char blocks[2 * TAR_BLOCK], const struct timespec *time);

struct tar_entry {
    char path[TAR_PATH_BYTES], type;
    uint64_t size;
    time_t time;
};
bool tar_is_end(const char block[TAR_BLOCK]);                        // zeros
bool tar_read(const char block[TAR_BLOCK], struct tar_entry *entry); // false: it is no header
// The time in a pax header's text. Returns false if there is none.
bool tar_read_time(const char *text, uint64_t size, struct timespec *time);

#endif
