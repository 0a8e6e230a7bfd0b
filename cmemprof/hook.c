// hook.c (hook): malloc and its family, as bound in the whole process.
//
// The fast path is one subtraction from a thread-local word, also while the profiler is off; free() queries a small filter. Sampled or not,
// the real allocator gets exactly the program's call, and the program gets its answer: same address, size, alignment, contents and errno.
// realloc is treated as a free and an allocation.
//
// Takes no lock, prints nothing, never calls Go, and allocates nothing but the block itself.

#include "hook_names.h"

#ifndef HOOKS_ARE_LEFT_OUT

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "loaded_code.h"
#include "real_allocator.h"
#include "profiler.h"

#define EXPORTED __attribute__((visibility("default"), used))
#define ONE_CACHE_LINE __attribute__((aligned(64))) // the unsampled path
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CALLER ((uintptr_t)__builtin_return_address(0))
// For functions that a hook tail-calls: their caller is the hook's caller.
#define FINISH(interval_bytes, block, size, caller) profiler_finish(interval_bytes, block, size, caller, MACHINE_FRAME)

// ---- Slow paths ----

static __attribute__((noinline)) void *slow_malloc(size_t size, uintptr_t caller) {
    uint64_t interval_bytes = profiler_begin(size);
    if (interval_bytes == 0) {
        return real_allocator.malloc(size);
    }
    void *block = real_allocator.malloc(size);
    FINISH(interval_bytes, block, size, caller);
    return block;
}

static __attribute__((noinline)) void *slow_calloc(size_t count, size_t size, uintptr_t caller) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return real_allocator.calloc(count, size);
    }
    uint64_t interval_bytes = profiler_begin(total);
    if (interval_bytes == 0) {
        return real_allocator.calloc(count, size);
    }
    void *block = real_allocator.calloc(count, size);
    FINISH(interval_bytes, block, total, caller);
    return block;
}

// For blocks of the bootstrap arena.
static void *bootstrap_realloc(void *block, size_t size) {
    void *moved = real_allocator.malloc(size);
    if (moved) {
        size_t old = malloc_usable_size(block);
        memcpy(moved, block, old < size ? old : size);
        free(block);
    }
    return moved;
}

static void *move(void *block, size_t size) {
    struct moving moving;
    profiler_move_begin(block, &moving);
    void *moved = bootstrap_owns(block) ? bootstrap_realloc(block, size) : real_allocator.realloc(block, size);
    // realloc(block, 0) has freed the block on glibc and kept it on others, which return a block.
    profiler_move_end(&moving, !moved && size != 0 ? block : NULL);
    return moved;
}

// Returns true if it may be sampled or from the bootstrap arena.
static inline bool may_be_tracked(const void *block) {
    return UNLIKELY(profiler_may_know(block));
}

static __attribute__((noinline)) void *slow_realloc(void *block, size_t size, uintptr_t caller) {
    uint64_t interval_bytes = profiler_begin(size);
    void *moved = may_be_tracked(block) ? move(block, size) : real_allocator.realloc(block, size);
    if (interval_bytes != 0) {
        FINISH(interval_bytes, moved, size, caller);
    }
    return moved;
}

// Not inlined, so that free() needs no stack frame.
static __attribute__((noinline)) void slow_free(void *block) {
    if (!bootstrap_owns(block)) {
        profiler_forget(block);
        real_allocator.free(block);
    }
}

// ---- The family ----

EXPORTED ONE_CACHE_LINE void *malloc(size_t size) {
    return profiler_pass(size) ? real_allocator.malloc(size) : slow_malloc(size, CALLER);
}

// A private alias of malloc; see interposition.c.
extern void *hook_malloc(size_t size)
    __attribute__((alias(HOOK_MALLOC_NAME), visibility("hidden"), __malloc__, alloc_size(1), leaf, nothrow));

EXPORTED void *calloc(size_t count, size_t size) {
    // Factors below 2^32 cannot overflow; the slow path handles the rest.
    if ((count | size) <= UINT32_MAX && profiler_pass(count * size)) {
        return real_allocator.calloc(count, size);
    }
    return slow_calloc(count, size, CALLER);
}

EXPORTED ONE_CACHE_LINE void free(void *block) {
    if (may_be_tracked(block)) {
        slow_free(block);
    } else {
        real_allocator.free(block);
    }
}

// Not declared by every libc: new in C23, or removed since.
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
void cfree(void *block);

// C23 7.24.3.4 and 7.24.3.5: free with a known size. Most real allocators lack these.
EXPORTED void free_sized(void *block, size_t size) {
    (void)size;
    free(block);
}
EXPORTED void free_aligned_sized(void *block, size_t alignment, size_t size) {
    (void)alignment;
    (void)size;
    free(block);
}
// Removed in glibc 2.26, but older programs import it.
EXPORTED void cfree(void *block) {
    free(block);
}

EXPORTED void *realloc(void *block, size_t size) {
    if (profiler_pass(size)) {
        return may_be_tracked(block) ? move(block, size) : real_allocator.realloc(block, size);
    }
    return slow_realloc(block, size, CALLER);
}

EXPORTED void *reallocarray(void *block, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (profiler_pass(total)) {
        return may_be_tracked(block) ? move(block, total) : real_allocator.realloc(block, total);
    }
    return slow_realloc(block, total, CALLER);
}

static __attribute__((noinline)) void *slow_aligned(size_t alignment, size_t size, void *(*plain)(size_t, size_t), uintptr_t caller) {
    uint64_t interval_bytes = profiler_begin(size);
    if (interval_bytes == 0) {
        return plain(alignment, size);
    }
    void *block = plain(alignment, size);
    FINISH(interval_bytes, block, size, caller);
    return block;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
    return profiler_pass(size) ? real_allocator.aligned_alloc(alignment, size)
                               : slow_aligned(alignment, size, real_allocator.aligned_alloc, CALLER);
}

EXPORTED void *memalign(size_t alignment, size_t size) {
    return profiler_pass(size) ? real_allocator.memalign(alignment, size) : slow_aligned(alignment, size, real_allocator.memalign, CALLER);
}

static __attribute__((noinline)) int slow_posix_memalign(void **block, size_t alignment, size_t size, uintptr_t caller) {
    uint64_t interval_bytes = profiler_begin(size);
    if (interval_bytes == 0) {
        return real_allocator.posix_memalign(block, alignment, size);
    }
    int error = real_allocator.posix_memalign(block, alignment, size);
    FINISH(interval_bytes, error == 0 ? *block : NULL, size, caller);
    return error;
}

EXPORTED int posix_memalign(void **block, size_t alignment, size_t size) {
    return profiler_pass(size) ? real_allocator.posix_memalign(block, alignment, size)
                               : slow_posix_memalign(block, alignment, size, CALLER);
}

static __attribute__((noinline)) void *slow_paged(size_t size, void *(*plain)(size_t), uintptr_t caller) {
    uint64_t interval_bytes = profiler_begin(size);
    if (interval_bytes == 0) {
        return plain(size);
    }
    void *block = plain(size);
    FINISH(interval_bytes, block, size, caller);
    return block;
}

EXPORTED void *valloc(size_t size) {
    return profiler_pass(size) ? real_allocator.valloc(size) : slow_paged(size, real_allocator.valloc, CALLER);
}

EXPORTED void *pvalloc(size_t size) {
    return profiler_pass(size) ? real_allocator.pvalloc(size) : slow_paged(size, real_allocator.pvalloc, CALLER);
}

EXPORTED size_t malloc_usable_size(void *block) {
    if (bootstrap_owns(block)) {
        return bootstrap_usable_size(block);
    }
    return real_allocator.malloc_usable_size(block);
}

// ---- Unloading ----

// Another object may be loaded where this one was. Its rows are dropped before, for a load in between, and after.
EXPORTED int dlclose(void *handle) {
    loaded_code_before_unload(&profiler);
    int result = real_allocator.dlclose(handle);
    loaded_code_after_unload(&profiler);
    return result;
}

#endif
