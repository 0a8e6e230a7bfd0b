// batch_memory.h: the bytes of a batch, a mapping of their own if they are many.
//
// A batch is as large as the profiles in it, and in the program's heap a block of that size would leave traces: glibc raises its thresholds
// for mapping and for giving back to the largest mapped block that was freed.
//
// Threads: any. Memory: malloc, from BATCH_MEMORY_MAPPED_BYTES on mmap. What comes from here goes back through batch_memory_free alone.
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

// size: as it was taken. NULL is fine.
static inline void batch_memory_free(uint8_t *bytes, size_t size) {
    if (size < BATCH_MEMORY_MAPPED_BYTES) {
        free(bytes);
    } else if (bytes != NULL) {
        munmap(bytes, size);
    }
}

#endif
