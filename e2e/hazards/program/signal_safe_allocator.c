// signal_safe_allocator.c: an allocator that may be called from signal handlers: it only moves a pointer. It is the real allocator for
// signals_allocate.c, so that failures there are the hooks' and not libc's. Addresses are never reused, so a long run needs many; memory is
// returned to the kernel once a chunk of 1 MiB has no live block.

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

#define RESERVED_BYTES ((size_t)64 << 30)
#define CHUNK_BYTES ((size_t)1 << 20)
enum { HEAD = 16 };

static _Atomic uintptr_t start, next, limit;
static _Atomic uint32_t living[RESERVED_BYTES / CHUNK_BYTES + 1]; // blocks in the chunk, and one more as long as next is in it

static uintptr_t chunk_end(uintptr_t address) {
    return (address | (CHUNK_BYTES - 1)) + 1;
}

static _Atomic uint32_t *living_at(uintptr_t address) {
    return &living[(address - atomic_load(&start)) / CHUNK_BYTES];
}

// Two threads, or a signal handler during the call, may both map; the second mapping is never touched.
static void open_room(void) {
    void *reserved = mmap(NULL, RESERVED_BYTES + CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t none = 0;
    uintptr_t first = chunk_end((uintptr_t)reserved);
    if (reserved != MAP_FAILED && atomic_compare_exchange_strong(&start, &none, first)) {
        atomic_store(living_at(first), 1);
        atomic_store(&limit, first + RESERVED_BYTES);
        atomic_store(&next, first);
    }
}

// Removes one block, or next, from the chunk. The last one releases its memory; the chunk is never used again.
static void leave(uintptr_t address) {
    if (atomic_fetch_sub(living_at(address), 1) == 1) {
        madvise((void *)(chunk_end(address) - CHUNK_BYTES), CHUNK_BYTES, MADV_DONTNEED);
    }
}

// A block is in one chunk; a larger one has chunks of its own.
static uintptr_t fit(uintptr_t at, size_t alignment, size_t size, uintptr_t *end) {
    uintptr_t block = (at + HEAD + alignment - 1) & ~(uintptr_t)(alignment - 1);
    if (block + size >= chunk_end(at)) {
        at = chunk_end(at);
        block = (at + HEAD + alignment - 1) & ~(uintptr_t)(alignment - 1);
    }
    *end = block + size < chunk_end(at) ? block + size : chunk_end(block + size);
    return block;
}

static void *take(size_t alignment, size_t size) {
    if (atomic_load(&next) == 0) {
        open_room();
    }
    alignment = alignment < HEAD ? HEAD : alignment;
    for (uintptr_t at = atomic_load(&next);;) {
        uintptr_t end, block = fit(at, alignment, size, &end);
        if (at == 0 || size > RESERVED_BYTES / 2 || end >= atomic_load(&limit)) {
            errno = ENOMEM;
            return NULL;
        }
        // Counted before it is taken: a chunk that next has left with nothing in it is gone.
        atomic_fetch_add(living_at(block - HEAD), 1);
        atomic_fetch_add(living_at(end), 1);
        if (atomic_compare_exchange_weak(&next, &at, end)) {
            leave(at);
            *(size_t *)(block - HEAD) = size;
            return (void *)block;
        }
        atomic_fetch_sub(living_at(block - HEAD), 1);
        atomic_fetch_sub(living_at(end), 1);
    }
}

static size_t size_of(const void *block) {
    return block ? *(const size_t *)((uintptr_t)block - HEAD) : 0;
}

// The functions below never call each other: that would go through the hooks again.
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

static void give(void *block) {
    uintptr_t at = (uintptr_t)block - HEAD, end = (uintptr_t)block + size_of(block);
    if (end > chunk_end(at)) {
        madvise((void *)chunk_end(at), end - chunk_end(at), MADV_DONTNEED);
    }
    leave(at);
}

void free(void *block) {
    if (block) {
        give(block);
    }
}

void *realloc(void *block, size_t size) {
    void *moved = take(HEAD, size);
    if (moved && block) {
        size_t old = size_of(block);
        memcpy(moved, block, old < size ? old : size);
        give(block);
    }
    return moved;
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *found = take(alignment, size);
    if (found) {
        *block = found;
    }
    return found ? 0 : ENOMEM;
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
