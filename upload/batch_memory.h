// batch_memory.h: memory for the bytes of a batch, a separate mapping if they are many.
//
// A batch is as large as its profiles. A block of that size would affect the host's heap: glibc raises its mmap and trim thresholds to
// the largest mapped block that was freed.
//
// Threads: any. Memory: malloc; mmap from BATCH_MEMORY_MAPPED_BYTES on. Blocks must be freed with batch_memory_free.
#ifndef CMEMPROF_UPLOAD_BATCH_MEMORY_H
#define CMEMPROF_UPLOAD_BATCH_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "namespace.h"

enum { BATCH_MEMORY_MAPPED_BYTES = 64 * 1024 };

// NULL: no memory.
static inline uint8_t *batch_memory_take(size_t size) {
    if (size < BATCH_MEMORY_MAPPED_BYTES) {
        return malloc(size);
    }
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return bytes != MAP_FAILED ? bytes : NULL;
}

// size: as passed to batch_memory_take. bytes may be NULL.
static inline void batch_memory_free(uint8_t *bytes, size_t size) {
    if (size < BATCH_MEMORY_MAPPED_BYTES) {
        free(bytes);
    } else if (bytes) {
        munmap(bytes, size);
    }
}

#endif
