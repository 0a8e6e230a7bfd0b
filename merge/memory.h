// memory.h: the allocator of this folder. Large blocks come from mmap instead of the host's allocator.
//
// The merge engine runs inside services, and its large blocks would affect their heap: glibc raises its mmap and trim thresholds to
// the largest mapped block that was freed, so that later large blocks of the host are placed in its heap and fragment it.
// Blocks of MEMORY_LARGE_BYTES and more are therefore separate mappings. They grow without copying and are unmapped when freed.
//
// Each block has a 32-byte header with its size and the budget that it counts against (merge.h: merge_use_budget). Blocks must be freed
// with memory_free, never free(); any thread may. Threads: any. Memory: malloc and mmap. All functions return NULL if there is none, or the
// budget is used up.
#ifndef CMEMPROF_MERGE_MEMORY_H
#define CMEMPROF_MERGE_MEMORY_H

#include <stddef.h>

#include "namespace.h"

enum { MEMORY_LARGE_BYTES = 64 * 1024, MEMORY_HEAD_BYTES = 32 };

void *memory_take(size_t size);
void *memory_take_zeroed(size_t count, size_t item_bytes);
// As memory_take_zeroed, for what is used everywhere at once, such as a hash table: its pages come in one call of the kernel, instead of
// two faults each (the first read maps a page of zeros, the first write another).
void *memory_take_resident(size_t count, size_t item_bytes);
// block NULL: allocates. If it returns NULL, block is unchanged.
void *memory_resize(void *block, size_t size);
void memory_free(void *block); // block may be NULL

#endif
