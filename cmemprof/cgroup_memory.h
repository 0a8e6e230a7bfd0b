// cgroup_memory.h (resident): how much memory the process may still use before it reaches the limit of its cgroup (container, systemd unit,
// job).
//
// Reads cgroup versions 1 and 2 at their usual mount points. The limits of all ancestors count. inactive_file is not counted as used, since
// the kernel reclaims it before it kills a process; Kubernetes computes its working set the same way.
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

// In bytes. Returns SIZE_MAX if there is no limit or none can be read. list names the process's cgroups; mount is where their files are.
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
