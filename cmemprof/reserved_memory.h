// reserved_memory.h (tables): reserved address space whose start is made accessible as far as it is used.
//
// Inaccessible memory costs nothing, even without overcommit (vm.overcommit_memory = 2): there a writable mapping is charged in full, used
// or not, and 256 MiB for each profiled process would be taken from the programs. Address space may be limited as well (RLIMIT_AS), so only
// a share of that limit is reserved.
//
// Threads: any, lock-free, also inside malloc and after fork; preserves errno.
#ifndef CMEMPROF_RESERVED_MEMORY_H
#define CMEMPROF_RESERVED_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { RESERVED_MEMORY_STEP_BYTES = 1 << 20 };

// Returns wanted_bytes, or a 32nd of RLIMIT_AS if that is less.
size_t reserved_memory_share(size_t wanted_bytes);

// Reserves without access. Returns NULL if mmap fails.
uint8_t *reserved_memory_map(size_t size_bytes);

// Makes the first `end` bytes accessible. *open_bytes is the number accessible so far, initially 0. Returns false if memory runs out.
bool reserved_memory_open_slow(uint8_t *base, size_t size_bytes, _Atomic size_t *open_bytes, size_t end);
static inline bool reserved_memory_open(uint8_t *base, size_t size_bytes, _Atomic size_t *open_bytes, size_t end) {
    return end <= atomic_load_explicit(open_bytes, memory_order_relaxed) || reserved_memory_open_slow(base, size_bytes, open_bytes, end);
}

#endif
