// allocator_stats.h (hook): identifies the real allocator and reads its statistics.
//
// Threads: any, never inside malloc: the allocator takes its own locks to count.
#ifndef CMEMPROF_ALLOCATOR_STATS_H
#define CMEMPROF_ALLOCATOR_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "cmemprof.h"

bool allocator_stats_are_slow(void);
const char *allocator_stats_name(void); // as in struct cmemprof_allocator_stats; takes no lock

// Says of any address whether it is in the allocator's memory. NULL: only mimalloc can.
typedef bool allocator_owns_function(const void *address);
allocator_owns_function *allocator_stats_owner(void);

// Writes "cmemprof allocator: name=glibc in_use=... mapped=... resident=... retained=... fragmentation=...", truncated to size.
void allocator_stats_print(char *text, size_t size);

// What the real allocator has given out, sampled or not. 0: unknown. Reads no file.
uint64_t allocator_stats_in_use(void);

#endif
