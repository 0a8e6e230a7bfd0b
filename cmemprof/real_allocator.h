// real_allocator.h (hook): the real allocator: jemalloc, tcmalloc or mimalloc if the program loads one, else libc's.
//
// Found with dlsym(RTLD_NEXT), the only way that works under glibc, musl and the sanitizers. The first call of any kind resolves all
// members; it comes from the loader, before there are threads. dlsym itself may allocate: those few calls are served from a small static
// arena.
#ifndef CMEMPROF_REAL_ALLOCATOR_H
#define CMEMPROF_REAL_ALLOCATOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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
    int (*pthread_create)(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument);
    // By system call until they are resolved, or if they are not found.
    void *(*mmap)(void *address, size_t size, int protection, int flags, int file, off_t offset);
    int (*munmap)(void *address, size_t size);
    void *(*mremap)(void *address, size_t size, size_t new_size, int flags, ...);
    void *(*shmat)(int id, const void *address, int flags);
    int (*shmdt)(const void *address);
};

// Until the members are resolved they point to functions that resolve them, so callers need no check.
extern struct real_allocator real_allocator __attribute__((visibility("hidden")));

// Blocks of the bootstrap arena are counted in the block filter, so that free() sees them on its slow path only.
enum { BOOTSTRAP_BYTES = 32 * 4096 };
extern uint8_t bootstrap_arena[BOOTSTRAP_BYTES];
static inline bool bootstrap_owns(const void *block) {
    return (uintptr_t)block - (uintptr_t)bootstrap_arena < BOOTSTRAP_BYTES;
}
size_t bootstrap_usable_size(const void *block);
// Counts the existing bootstrap blocks in a growing filter.
struct block_filter;
void bootstrap_fill(struct block_filter *filter);

#endif
