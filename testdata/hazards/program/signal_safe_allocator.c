// signal_safe_allocator.c: an allocator that may be called from signal handlers: it only ever moves a pointer. It is the allocator behind
// the hooks for signals_allocate.c, so that what goes wrong there is the hook's fault and not libc's.

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
int posix_memalign(void **block, size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *block);

#define ROOM_BYTES ((size_t)64 << 30)
enum { HEAD = 16 };

static _Atomic uintptr_t next, limit;

// Two threads, or a signal in the midst of it, may both map; the second mapping is never touched.
static void open_room(void) {
    void *room = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t none = 0;
    if (room != MAP_FAILED && atomic_compare_exchange_strong(&next, &none, (uintptr_t)room)) {
        atomic_store(&limit, (uintptr_t)room + ROOM_BYTES);
    }
}

// The functions below never call each other: that would go through the hooks again.
static void *take(size_t alignment, size_t size) {
    if (atomic_load(&next) == 0) {
        open_room();
    }
    alignment = alignment < HEAD ? HEAD : alignment;
    uintptr_t at = atomic_load(&next), block;
    do {
        block = (at + HEAD + alignment - 1) & ~(uintptr_t)(alignment - 1);
        if (size > ROOM_BYTES || block + size > atomic_load(&limit)) {
            errno = ENOMEM;
            return NULL;
        }
    } while (!atomic_compare_exchange_weak(&next, &at, block + size));
    *(size_t *)(block - HEAD) = size;
    return (void *)block;
}

static size_t size_of(const void *block) {
    return block != NULL ? *(const size_t *)((uintptr_t)block - HEAD) : 0;
}

void *malloc(size_t size) {
    return take(HEAD, size);
}

void *calloc(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return take(HEAD, total); // fresh from the kernel, never used before
}

void free(void *block) {
    (void)block;
}

void *realloc(void *block, size_t size) {
    void *moved = take(HEAD, size);
    if (moved != NULL && block != NULL) {
        size_t old = size_of(block);
        memcpy(moved, block, old < size ? old : size);
    }
    return moved;
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *found = take(alignment, size);
    if (found != NULL) {
        *block = found;
    }
    return found != NULL ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) {
    return take(alignment, size);
}
void *valloc(size_t size) {
    return take(4096, size);
}
void *pvalloc(size_t size) {
    return take(4096, (size + 4095) & ~(size_t)4095);
}
void *memalign(size_t alignment, size_t size) {
    return take(alignment, size);
}
size_t malloc_usable_size(void *block) {
    return size_of(block);
}
