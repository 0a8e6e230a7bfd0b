// real_allocator.h: the allocator behind the hooks: jemalloc, tcmalloc or mimalloc if the program loads one, else libc's.
//
// Found with dlsym(RTLD_NEXT), the one way that works under glibc, musl and the sanitizers alike. The first call of any kind finds all of
// them; it comes from the loader, before there are threads. dlsym may itself allocate: those few calls are served from a small static
// arena.
#ifndef CMEMPROF_REAL_ALLOCATOR_H
#define CMEMPROF_REAL_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct real_allocator {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void (*free)(void *block);
    int (*posix_memalign)(void **block, size_t alignment, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    void *(*memalign)(size_t alignment, size_t size);
    void *(*valloc)(size_t size);
    void *(*pvalloc)(size_t size);
    size_t (*malloc_usable_size)(void *block);
    int (*dlclose)(void *handle);
};

// Until the real functions are known its members find them first, so a caller never has to ask.
extern struct real_allocator real_allocator __attribute__((visibility("hidden")));

// Blocks of the static arena are counted by the filter of sampled blocks, so that free() meets them on its slow path only.
enum { BOOTSTRAP_BYTES = 32 * 4096 };
extern uint8_t bootstrap_arena[BOOTSTRAP_BYTES];
static inline bool bootstrap_owns(const void *block) {
    return (uintptr_t)block - (uintptr_t)bootstrap_arena < BOOTSTRAP_BYTES;
}
size_t bootstrap_usable_size(const void *block);
// Counts those that there are in a filter that grows.
struct block_filter;
void bootstrap_fill(struct block_filter *filter);

#endif
