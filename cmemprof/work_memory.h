// work_memory.h: memory for the large blocks that libraries take while they work for the profiler (elfutils, to name addresses), apart from
// the program's.
//
// In the program's own allocator they would stay: glibc raises its thresholds for mapping and for giving back to the largest block that was
// freed, and elfutils inflates whole sections of debug data. 40 MB of free memory for the rest of a Go service's life were measured, and a
// host whose allocator behaves otherwise than without us. So between begin and end the hooks serve blocks of half a page and more from
// here: whole pages of one mapping, which go back to the system as they are freed, and the mapping itself when none is left. A block may
// outlive the work; the mapping then waits for it.
//
// Threads: take, begin, end and release by one thread at a time (the lock of snapshots), give by any. Memory: mmap, address space of
// WORK_MEMORY_BYTES (reserved_memory.h), of which what is in use is resident; none where address space is limited to less than 16 GiB.
// What does not fit is for the allocator behind.
#ifndef CMEMPROF_WORK_MEMORY_H
#define CMEMPROF_WORK_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "thread_state.h"

#define WORK_MEMORY_BYTES ((size_t)1 << 29)
enum { WORK_MEMORY_LEAST_BYTES = 2048 };

extern _Atomic uintptr_t work_memory_base; // 0: there is none

static inline bool work_memory_owns(const void *block) {
    uintptr_t base = atomic_load_explicit(&work_memory_base, memory_order_relaxed);
    return __builtin_expect(base != 0, 0) && (uintptr_t)block - base < WORK_MEMORY_BYTES;
}

// From begin to end every allocation of the thread takes the hooks' slow path, and is no sample. Does not nest.
void work_memory_begin(struct thread_state *thread);
void work_memory_end(struct thread_state *thread);
// Gives the mapping back if nothing in it is in use.
void work_memory_release(void);

// Zero. NULL: the block is too small, or there is no room; errno stays as it is.
void *work_memory_take(size_t size);
void work_memory_give(void *block);
size_t work_memory_usable_size(const void *block);

#endif
