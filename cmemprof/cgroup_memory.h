// cgroup_memory.h (resident): how much memory the process may still use before it reaches the limit of its cgroup (container, systemd unit,
// job).
//
// Reads cgroup versions 1 and 2 at their usual mount points. The limits of all ancestors count. Page cache is not counted as used
// if it is inactive, or active and not mapped, since the kernel reclaims that before it kills a process. (Kubernetes computes its working
// set with the inactive part only: a service that reads many files would seem to be at its limit for ever.)
//
// Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
//
// Threads: any, not inside malloc. Memory: 20 KiB of stack.
#ifndef CMEMPROF_CGROUP_MEMORY_H
#define CMEMPROF_CGROUP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

#define CGROUP_MEMORY_LIST "/proc/self/cgroup"
#define CGROUP_MEMORY_MOUNT "/sys/fs/cgroup"

// What "used" and "left" of a limit mean, for all who ask: the watch over memory (memory_watch.h), the room for the profiler's own work,
// and the figures memory_limit_bytes and memory_limit_used_bytes, by which verdicts and the page judge.
//
// Of the level where least is left. Above `limit` the kernel kills. Of version 2, memory.high is in the way before: above it the kernel
// slows the program down to a standstill, or only keeps it there for good, which is no reason to leave work undone. Without either,
// UINT64_MAX. pressure_percent: the share of the last ten seconds in which all tasks of the cgroup, or of one above it, waited for memory
// (memory.pressure; version 1 has none: 0).
struct cgroup_room {
    uint64_t limit, left;
    uint64_t high, left_to_high;
    unsigned pressure_percent;
};
// is_exact: page cache is always subtracted; else not while half of the limit is free, as the kernel adds it up over all processors.
// Returns false if there is no limit, or none can be read; the pressure is set nevertheless.
bool cgroup_memory_room(const char *list, const char *mount, bool is_exact, struct cgroup_room *room);

// Left to the limit, in bytes. Returns SIZE_MAX if there is no limit or none can be read. list names the process's cgroups; mount is where
// their files are.
size_t cgroup_memory_left(const char *list, const char *mount);

// The account of the process's own cgroup, in bytes. CGROUP_MEMORY_UNKNOWN: the kernel does not say it. Version 1 has no events but
// oom_kill (since Linux 4.13), and need not count the kernel's memory; of version 2, Linux tells that since 5.18.
#define CGROUP_MEMORY_UNKNOWN UINT64_MAX
struct cgroup_memory {
    unsigned version;     // 1 or 2
    uint64_t id;          // processes of one machine with the same id are in one cgroup: the inode of its folder
    uint64_t used, limit; // limit: the lowest of all levels; CGROUP_MEMORY_UNKNOWN: none
    uint64_t anonymous, file, shared, kernel, inactive_file;
    uint64_t high_events, max_events, oom_kills;
};
// False: the process is in no cgroup that accounts for memory, or its files cannot be read.
bool cgroup_memory_read(const char *list, const char *mount, struct cgroup_memory *memory);

#endif
