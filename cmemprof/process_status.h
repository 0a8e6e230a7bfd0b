// process_status.h (resident): the kernel's figures of a process as a whole, from /proc/PID/status.
//
// They cost no walk over pages. Source: Linux, Documentation/filesystems/proc.rst. Threads: any. Memory: 1 KiB of stack.
#ifndef CMEMPROF_PROCESS_STATUS_H
#define CMEMPROF_PROCESS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

#define PROCESS_STATUS "/proc/self/status"
#define PROCESS_STATUS_UNKNOWN UINT64_MAX

// In bytes, but for threads, seccomp and filters. PROCESS_STATUS_UNKNOWN: the file does not say.
struct process_status {
    uint64_t rss, peak_rss, swap, threads; // rss: VmRSS, off by some pages a processor
    uint64_t anonymous, shared;            // of rss: RssAnon, and RssShmem: the kernel takes neither back without a place to swap it to
    uint64_t seccomp, filters;             // seccomp: 0: system calls are not filtered; filters: how many there are
};
// False: the file cannot be read, and nothing is known.
bool process_status_read(const char *path, struct process_status *status);
// What only the process itself can give back: anonymous, shared and swapped memory. Where the kernel does not say: rss.
uint64_t process_status_kept(const struct process_status *status);
// How many filters of system calls (seccomp) there are; 0: none, or the file does not say.
uint64_t process_status_filters(const char *path);

#endif
