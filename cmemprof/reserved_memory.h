// reserved_memory.h: address space for memory that grows in one place, opened from its start as far as it is used.
//
// What is not open costs the system nothing, also where it promises no more memory than it has (vm.overcommit_memory = 2): there a writable
// mapping counts in full from the beginning, whatever is used of it, and 256 MiB for each process that is profiled would take them from
// the programs. Address space itself may be limited, too (RLIMIT_AS): a share of that limit is all that is asked for.
//
// Threads: any, without a lock, also inside malloc and after fork; errno is left alone.
#ifndef CMEMPROF_RESERVED_MEMORY_H
#define CMEMPROF_RESERVED_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { RESERVED_MEMORY_STEP_BYTES = 1 << 20 };

// wanted, or where address space is limited a 32nd of the limit if that is less.
size_t reserved_memory_share(size_t wanted_bytes);

// NULL: mmap failed. Nothing of it is open.
uint8_t *reserved_memory_map(size_t size_bytes);

// Opens the first end bytes; *open_bytes is how many are open already, 0 at first. False: no memory.
bool reserved_memory_open_slowly(uint8_t *base, size_t size_bytes, _Atomic size_t *open_bytes, size_t end);
static inline bool reserved_memory_open(uint8_t *base, size_t size_bytes, _Atomic size_t *open_bytes, size_t end) {
    return end <= atomic_load_explicit(open_bytes, memory_order_relaxed) || reserved_memory_open_slowly(base, size_bytes, open_bytes, end);
}

#endif
