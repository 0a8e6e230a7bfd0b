// mapped_buffer.h (tables): a growing buffer in a mapping of its own, for a snapshot's short-lived arrays.
//
// In the program's heap, freeing a block of that size would raise glibc's mmap and trim thresholds for good. Growing moves pages and copies
// nothing.
//
// Threads: as the owner's. Memory: mmap, whole pages, zeroed. All zeros is an empty buffer.
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

// Grows to at least size_bytes and keeps the contents. Returns false, with nothing changed, if memory runs out.
static inline bool mapped_buffer_reserve(struct mapped_buffer *memory, size_t size_bytes) {
    if (size_bytes <= memory->size_bytes) {
        return true;
    }
    size_t page = 4096, size = (size_bytes + page - 1) / page * page;
    void *base = !memory->base ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                               : mremap(memory->base, memory->size_bytes, size, MREMAP_MAYMOVE);
    if (base == MAP_FAILED) {
        return false;
    }
    memory->base = base;
    memory->size_bytes = size;
    return true;
}

static inline void mapped_buffer_free(struct mapped_buffer *memory) {
    if (memory->base) {
        munmap(memory->base, memory->size_bytes);
    }
    *memory = (struct mapped_buffer){0};
}

#endif
