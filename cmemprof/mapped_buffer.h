// mapped_buffer.h: an array that grows, in memory of its own from mmap: for what a snapshot takes for a moment.
//
// In the program's heap blocks of that size would leave traces: glibc raises its thresholds for mapping and for giving back to the largest
// block that was freed. Growing moves pages and copies nothing.
//
// Threads: as its owner. Memory: mmap, whole pages; zero. All zeros is an empty one.
#ifndef CMEMPROF_MAPPED_BUFFER_H
#define CMEMPROF_MAPPED_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "namespace.h"

struct mapped_buffer {
    void *base;
    size_t size_bytes;
};

// At least that size; what was there stays. False: no memory, and all is as it was.
static inline bool mapped_buffer_reserve(struct mapped_buffer *memory, size_t size_bytes) {
    if (size_bytes <= memory->size_bytes) {
        return true;
    }
    size_t page = 4096, size = (size_bytes + page - 1) / page * page;
    void *base = memory->base == NULL ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                      : mremap(memory->base, memory->size_bytes, size, MREMAP_MAYMOVE);
    if (base == MAP_FAILED) {
        return false;
    }
    memory->base = base;
    memory->size_bytes = size;
    return true;
}

static inline void mapped_buffer_free(struct mapped_buffer *memory) {
    if (memory->base != NULL) {
        munmap(memory->base, memory->size_bytes);
    }
    *memory = (struct mapped_buffer){0};
}

#endif
