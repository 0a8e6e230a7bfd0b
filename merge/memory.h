// memory.h: malloc and its family for this folder, which takes large blocks from the system and not from the program's allocator.
//
// A merge engine runs inside other people's services, and its blocks would leave traces in their heap: glibc raises its thresholds for
// mapping and for giving back to the largest mapped block that was freed, so that from then on the program's own large blocks lie in its
// heap and break it up. Blocks of MEMORY_LARGE_BYTES and more are mappings of their own here; they grow without being copied, and are the
// system's again once they are freed.
//
// Each block has a head of 16 bytes that says how large it is: what comes from here goes back through memory_free alone, never free().
// Threads: any. Memory: malloc and mmap. Each may fail, and gives NULL.
#ifndef CMEMPROF_MERGE_MEMORY_H
#define CMEMPROF_MERGE_MEMORY_H

#include <stddef.h>

#include "namespace.h"

enum { MEMORY_LARGE_BYTES = 64 * 1024, MEMORY_HEAD_BYTES = 16 };

void *memory_take(size_t size);
void *memory_take_zeroed(size_t count, size_t item_bytes);
// block NULL: a new one. After NULL the block is as it was.
void *memory_resize(void *block, size_t size);
void memory_free(void *block); // NULL is fine

#endif
