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

// What is left at the level where least is. pressure_percent: the share of the last ten seconds in which all tasks of the cgroup, or of one
// above it, waited for memory (memory.pressure; version 1 has none: 0). Of version 2, memory.high is a limit too: above it the kernel slows
// the program down to a standstill.
struct cgroup_room {
    uint64_t limit, left;
    unsigned pressure_percent;
};
// False: there is no limit, or none can be read. The pressure is set nevertheless.
bool cgroup_memory_room(const char *list, const char *mount, struct cgroup_room *room);

// The same. In bytes. Returns SIZE_MAX if there is no limit or none can be read. list names the process's cgroups; mount is where their
// files are.
size_t cgroup_memory_left(const char *list, const char *mount);

// The account of the process's own cgroup, in bytes. What the version does not say is 0: version 1 has no events but oom_kill.
struct cgroup_memory {
    unsigned version;     // 1 or 2
    uint64_t used, limit; // limit: the lowest of all levels; UINT64_MAX: none
    uint64_t anonymous, file, shared, kernel, inactive_file;
    uint64_t high_events, max_events, oom_kills;
};
// False: the process is in no cgroup that accounts for memory, or its files cannot be read.
bool cgroup_memory_read(const char *list, const char *mount, struct cgroup_memory *memory);

#endif
