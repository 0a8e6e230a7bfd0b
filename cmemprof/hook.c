// hook.c: malloc and its family, as the whole process sees them.
//
// The fast path is one comparison and one subtraction on a thread-local word; free() tests a few bits of the address. A sampled block is
// placed on a page boundary, so that its free() is noticed; its usable size and alignment are what the allocator behind gives, and
// at least what was asked for. realloc is a free and an allocation. errno is what the allocator behind leaves.
//
// Nothing here takes a lock, prints, calls Go, or allocates other than the block itself.

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "next_allocator.h"
#include "profiler.h"
#include "sampler.h"
#include "snapshot.h"

#define EXPORTED __attribute__((visibility("default"), used))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CALLER ((uintptr_t)__builtin_return_address(0))

enum { PAGE_BYTES = 4096 };

// ---- The slow path ----

// From here up to this size calloc clears a block itself; above, it asks for one that the allocator may have fresh from the kernel.
enum { CALLOC_CLEARS_BYTES = 64 * 1024 };

// Above this size (from where on glibc maps every block by itself) a calloc block that lies elsewhere is left where it is and counts as
// lost: clearing another one would make memory resident that the program may never touch.
enum { CALLOC_MOVES_BYTES = 32 << 20 };

// True: sample this allocation. The thread is then inside the profiler until finish().
static bool begin(size_t size, uint64_t *interval_bytes) {
    struct thread_state *thread = &thread_state;
    if (UNLIKELY(thread->busy != 0)) {
        // An event of the process fell into our own allocation: it is dropped, and the next one is drawn.
        atomic_fetch_add_explicit(&profiler.unsampled_nested, 1, memory_order_relaxed);
        sampler_next(thread, thread->interval_bytes);
        return false;
    }
    uint64_t now = atomic_load_explicit(&profiler.interval_bytes, memory_order_relaxed);
    if (now == 0 && thread->interval_bytes == 0) { // off: every allocation comes here
        return false;
    }
    if (!sampler_take(thread, size, now, interval_bytes)) {
        return false;
    }
    profiler_enter(thread);
    return true;
}

// block NULL: the allocation failed, and is no sample.
static void finish(const void *block, size_t size, uint64_t interval_bytes, uintptr_t caller) {
    struct thread_state *thread = &thread_state;
    int saved = errno;
    if (block != NULL) {
        profiler_record(&profiler, thread, block, size, interval_bytes, caller, live_table_may_hold(block));
    }
    sampler_next(thread, atomic_load_explicit(&profiler.interval_bytes, memory_order_relaxed));
    profiler_leave(thread);
    errno = saved;
}

static size_t at_least_a_page(size_t alignment) {
    return alignment < PAGE_BYTES ? PAGE_BYTES : alignment;
}

static __attribute__((noinline)) void *slow_malloc(size_t size, uintptr_t caller) {
    uint64_t interval_bytes;
    if (!begin(size, &interval_bytes)) {
        return next_allocator.malloc(size);
    }
    int saved = errno;
    void *block = next_allocator.memalign(PAGE_BYTES, size);
    if (UNLIKELY(block == NULL)) { // it may yet fit without the alignment
        errno = saved;
        block = next_allocator.malloc(size);
    }
    finish(block, size, interval_bytes, caller);
    return block;
}

static void *calloc_on_page(size_t count, size_t size, size_t total) {
    if (total >= CALLOC_CLEARS_BYTES) {
        void *block = next_allocator.calloc(count, size);
        if (block == NULL || live_table_may_hold(block) || total > CALLOC_MOVES_BYTES) {
            return block;
        }
        next_allocator.free(block);
    }
    int saved = errno;
    void *block = next_allocator.memalign(PAGE_BYTES, total);
    if (UNLIKELY(block == NULL)) {
        errno = saved;
        return next_allocator.calloc(count, size);
    }
    return memset(block, 0, total);
}

static __attribute__((noinline)) void *slow_calloc(size_t count, size_t size, uintptr_t caller) {
    size_t total;
    uint64_t interval_bytes;
    if (__builtin_mul_overflow(count, size, &total) || !begin(total, &interval_bytes)) {
        return next_allocator.calloc(count, size);
    }
    void *block = calloc_on_page(count, size, total);
    finish(block, total, interval_bytes, caller);
    return block;
}

// A block that realloc has just returned, moved to a place where it can be found again. The one that cannot be moved stays where it is.
static void *to_page(void *block, size_t size) {
    if (live_table_may_hold(block)) {
        return block;
    }
    int saved = errno;
    void *moved = next_allocator.memalign(PAGE_BYTES, size);
    if (moved != NULL) {
        memcpy(moved, block, size);
        next_allocator.free(block);
        block = moved;
    }
    errno = saved;
    return block;
}

static void *bootstrap_realloc(void *block, size_t size) {
    void *moved = next_allocator.malloc(size);
    if (moved != NULL) {
        size_t old = bootstrap_usable_size(block);
        memcpy(moved, block, old < size ? old : size);
    }
    return moved;
}

static bool forget(const void *block, struct live_sample *sample) {
    return live_table_seems_to_hold(&profiler.live, block) && live_table_remove(&profiler.live, block, sample);
}

static __attribute__((noinline)) void *slow_realloc(void *block, size_t size, bool sampled, uint64_t interval_bytes, uintptr_t caller) {
    struct live_sample old;
    bool was_live = forget(block, &old);
    void *moved = bootstrap_owns(block) ? bootstrap_realloc(block, size) : next_allocator.realloc(block, size);
    // realloc(block, 0) has freed the block on glibc, and kept it on others: those return a block.
    if (moved == NULL && size != 0 && was_live) {
        live_table_add(&profiler.live, block, &old);
    }
    if (sampled) {
        moved = moved != NULL ? to_page(moved, size) : NULL;
        finish(moved, size, interval_bytes, caller);
    }
    return moved;
}

// Sampled, or from before the allocator behind was known.
static inline bool is_special(const void *block) {
    return UNLIKELY(live_table_may_hold(block)) && (live_table_seems_to_hold(&profiler.live, block) || bootstrap_owns(block));
}

// Not inlined, so that free() needs no frame of its own.
static __attribute__((noinline)) void slow_free(void *block) {
    struct live_sample sample;
    forget(block, &sample);
    if (!bootstrap_owns(block)) {
        next_allocator.free(block);
    }
}

// ---- The family ----

EXPORTED void *malloc(size_t size) {
    return sampler_pass(&thread_state, size) ? next_allocator.malloc(size) : slow_malloc(size, CALLER);
}

EXPORTED void *calloc(size_t count, size_t size) {
    // Small factors cannot overflow; the rest is for the slow path to decide.
    if ((count | size) <= UINT32_MAX && sampler_pass(&thread_state, count * size)) {
        return next_allocator.calloc(count, size);
    }
    return slow_calloc(count, size, CALLER);
}

EXPORTED void free(void *block) {
    if (is_special(block)) {
        slow_free(block);
    } else {
        next_allocator.free(block);
    }
}

EXPORTED void *realloc(void *block, size_t size) {
    uint64_t interval_bytes = 0;
    bool sampled = !sampler_pass(&thread_state, size) && begin(size, &interval_bytes);
    if (!sampled && !is_special(block)) {
        return next_allocator.realloc(block, size);
    }
    return slow_realloc(block, size, sampled, interval_bytes, CALLER);
}

EXPORTED void *reallocarray(void *block, size_t count, size_t size) {
    size_t total;
    uint64_t interval_bytes = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    bool sampled = !sampler_pass(&thread_state, total) && begin(total, &interval_bytes);
    return slow_realloc(block, total, sampled, interval_bytes, CALLER);
}

static __attribute__((noinline)) void *slow_aligned(size_t alignment, size_t size, void *(*plain)(size_t, size_t), uintptr_t caller) {
    uint64_t interval_bytes;
    if (!begin(size, &interval_bytes)) {
        return plain(alignment, size);
    }
    void *block = plain(at_least_a_page(alignment), size);
    if (UNLIKELY(block == NULL)) {
        block = plain(alignment, size);
    }
    finish(block, size, interval_bytes, caller);
    return block;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
    return sampler_pass(&thread_state, size) ? next_allocator.aligned_alloc(alignment, size)
                                             : slow_aligned(alignment, size, next_allocator.aligned_alloc, CALLER);
}

EXPORTED void *memalign(size_t alignment, size_t size) {
    return sampler_pass(&thread_state, size) ? next_allocator.memalign(alignment, size)
                                             : slow_aligned(alignment, size, next_allocator.memalign, CALLER);
}

static __attribute__((noinline)) int slow_posix_memalign(void **block, size_t alignment, size_t size, uintptr_t caller) {
    uint64_t interval_bytes;
    bool valid = alignment % sizeof(void *) == 0 && __builtin_popcountll(alignment) == 1;
    if (!valid || !begin(size, &interval_bytes)) {
        return next_allocator.posix_memalign(block, alignment, size);
    }
    int error = next_allocator.posix_memalign(block, at_least_a_page(alignment), size);
    if (UNLIKELY(error != 0)) {
        error = next_allocator.posix_memalign(block, alignment, size);
    }
    finish(error == 0 ? *block : NULL, size, interval_bytes, caller);
    return error;
}

EXPORTED int posix_memalign(void **block, size_t alignment, size_t size) {
    return sampler_pass(&thread_state, size) ? next_allocator.posix_memalign(block, alignment, size)
                                             : slow_posix_memalign(block, alignment, size, CALLER);
}

// These two are on page boundaries anyway.
static __attribute__((noinline)) void *slow_on_page(size_t size, void *(*plain)(size_t), uintptr_t caller) {
    uint64_t interval_bytes;
    if (!begin(size, &interval_bytes)) {
        return plain(size);
    }
    void *block = plain(size);
    finish(block, size, interval_bytes, caller);
    return block;
}

EXPORTED void *valloc(size_t size) {
    return sampler_pass(&thread_state, size) ? next_allocator.valloc(size) : slow_on_page(size, next_allocator.valloc, CALLER);
}

EXPORTED void *pvalloc(size_t size) {
    return sampler_pass(&thread_state, size) ? next_allocator.pvalloc(size) : slow_on_page(size, next_allocator.pvalloc, CALLER);
}

EXPORTED size_t malloc_usable_size(void *block) {
    return bootstrap_owns(block) ? bootstrap_usable_size(block) : next_allocator.malloc_usable_size(block);
}

// ---- Unloading ----

// Another object may be loaded where this one was. Its rows are forgotten before, for a load in the middle of it, and after.
EXPORTED int dlclose(void *handle) {
    snapshot_before_unload();
    row_cache_clear(&profiler.unwinder.rows);
    int result = next_allocator.dlclose(handle);
    row_cache_clear(&profiler.unwinder.rows);
    return result;
}
