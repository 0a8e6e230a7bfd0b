// smaps.h (resident): reads /proc/PID/smaps, the kernel's account of a process's memory by address.
//
// Source: Linux, Documentation/filesystems/proc.rst; fs/proc/task_mmu.c. All values are bytes here (kB there). The kernel writes whole
// areas and takes its lock anew for each read, so areas that change meanwhile may be reported twice or not at all.
//
// Threads: any. Memory: the caller's buffer.
#ifndef CMEMPROF_SMAPS_H
#define CMEMPROF_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { SMAPS_BUFFER_BYTES = 64 << 10 }; // a path of 4,095 bytes is at most four times that long, escaped

struct smaps_area {
    uint64_t low, high, offset; // [low, high)
    uint64_t inode;             // 0: no file
    char permissions[5];        // "rw-p"
    const char *name;           // the path, "[heap]", "[anon:...]"; "": none. As the kernel writes it: a newline is \012
    uint64_t rss, anonymous, lazy_free, huge, swap;
    uint64_t hugetlb; // not part of rss
};

enum smaps_error {
    SMAPS_OK,
    SMAPS_NO_PROCESS,    // or there is no /proc
    SMAPS_NOT_PERMITTED, // another user's process, or hidepid
    SMAPS_UNREADABLE,    // any other failure of the read: errno tells
    SMAPS_MALFORMED,     // a line that smaps does not have
    SMAPS_ERROR_COUNT
};
const char *smaps_error_text(enum smaps_error error); // never NULL

typedef void (*smaps_visit)(void *context, const struct smaps_area *area);

// Visits the areas by rising address. file: of smaps, smaps_rollup or maps; its position stays. Areas before an error have been visited.
enum smaps_error smaps_read(int file, char buffer[SMAPS_BUFFER_BYTES], smaps_visit visit, void *context);
enum smaps_error smaps_open(const char *path, int *file);

#endif
