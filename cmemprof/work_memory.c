// work_memory.c: pages one after the other, never handed out twice; the number of pages of each block stands in a table at the beginning.

#include "work_memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "reserved_memory.h"

#define PAGE_BYTES ((size_t)4096)
#define PAGES (WORK_MEMORY_BYTES / PAGE_BYTES)
// Pages of the table, which are not handed out.
#define FIRST_PAGE (PAGES * sizeof(uint32_t) / PAGE_BYTES)

_Atomic uintptr_t work_memory_base;
static _Atomic size_t used_pages, open_bytes;
static _Atomic size_t blocks; // in use

static uint32_t *pages_of(uintptr_t base, const void *block) {
    return (uint32_t *)base + ((uintptr_t)block - base) / PAGE_BYTES;
}

// Where the program's address space is limited, there is none: it could not allocate meanwhile.
static void open_mapping(void) {
    bool limited = reserved_memory_share(WORK_MEMORY_BYTES) < WORK_MEMORY_BYTES;
    uint8_t *base = limited ? NULL : reserved_memory_map(WORK_MEMORY_BYTES);
    if (base != NULL) {
        atomic_store(&used_pages, FIRST_PAGE);
        atomic_store(&open_bytes, 0);
        atomic_store(&work_memory_base, (uintptr_t)base);
    }
}

void work_memory_begin(struct thread_state *thread) {
    if (atomic_load(&work_memory_base) == 0) {
        open_mapping();
    }
    thread->countdown_before_work = thread->countdown_bytes;
    thread->countdown_bytes = 0;
    thread->busy++;
    thread->working = 1;
}

void work_memory_end(struct thread_state *thread) {
    thread->working = 0;
    thread->busy--;
    thread->countdown_bytes = thread->countdown_before_work;
}

void work_memory_release(void) {
    uintptr_t base = atomic_load(&work_memory_base);
    if (base != 0 && atomic_load(&blocks) == 0) {
        atomic_store(&work_memory_base, 0);
        munmap((void *)base, WORK_MEMORY_BYTES);
    }
}

void *work_memory_take(size_t size) {
    uintptr_t base = atomic_load_explicit(&work_memory_base, memory_order_relaxed);
    size_t pages = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    size_t used = atomic_load(&used_pages);
    do { // a signal handler may come in between, and allocate
        if (size < WORK_MEMORY_LEAST_BYTES || base == 0 || pages > PAGES - used ||
            !reserved_memory_open((uint8_t *)base, WORK_MEMORY_BYTES, &open_bytes, (used + pages) * PAGE_BYTES)) {
            return NULL;
        }
    } while (!atomic_compare_exchange_weak(&used_pages, &used, used + pages));
    void *block = (void *)(base + used * PAGE_BYTES);
    *pages_of(base, block) = (uint32_t)pages;
    atomic_fetch_add(&blocks, 1);
    return block;
}

size_t work_memory_usable_size(const void *block) {
    return *pages_of(atomic_load_explicit(&work_memory_base, memory_order_relaxed), block) * PAGE_BYTES;
}

void work_memory_give(void *block) {
    int saved = errno;
    madvise(block, work_memory_usable_size(block), MADV_DONTNEED);
    errno = saved;
    atomic_fetch_sub(&blocks, 1);
}
