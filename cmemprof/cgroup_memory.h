// cgroup_memory.h: how much memory the process may still take before its cgroup's limit: of a container, a systemd unit, a job.
//
// Versions 1 and 2, as they are mounted by habit. Limits of all levels count, and files that were not used lately (inactive_file) do not
// count as used, since the kernel drops them before it ends a process: so Kubernetes looks at it as well.
//
// Threads: any, not inside malloc. Memory: 20 KiB of stack.
#ifndef CMEMPROF_CGROUP_MEMORY_H
#define CMEMPROF_CGROUP_MEMORY_H

#include <stddef.h>

#include "namespace.h"

#define CGROUP_MEMORY_LIST "/proc/self/cgroup"
#define CGROUP_MEMORY_MOUNT "/sys/fs/cgroup"

// In bytes. SIZE_MAX: there is no limit, or none is to be seen. list: the cgroups of the process; mount: where their files are.
size_t cgroup_memory_left(const char *list, const char *mount);

#endif
