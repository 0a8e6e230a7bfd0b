// allocator_stats.h: which allocator is behind the hooks, and what it says of itself.
//
// Threads: any, never under malloc: the allocator takes its own locks to count.
#ifndef CMEMPROF_ALLOCATOR_STATS_H
#define CMEMPROF_ALLOCATOR_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "cmemprof.h"

bool allocator_stats_are_slow(void);

// "cmemprof allocator: name=glibc in_use=... mapped=... resident=... retained=... fragmentation=...", cut at size.
void allocator_stats_print(char *text, size_t size);

#endif
