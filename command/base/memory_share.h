// memory_share.h: what a program may take of the memory, if nobody says how much.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_COMMAND_MEMORY_SHARE_H
#define CMEMPROF_COMMAND_MEMORY_SHARE_H

#include <stddef.h>
#include <stdint.h>

// A quarter of machine_bytes, or of what the cgroup may have if that is less; at least min. list, mount: as in cgroup_memory.h.
size_t memory_quarter(const char *list, const char *mount, uint64_t machine_bytes, size_t min);

#endif
