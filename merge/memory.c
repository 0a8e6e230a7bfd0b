// memory.c: see memory.h, also for threads and memory.
#include "memory.h"
#include "merge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct head {
    size_t size;                 // including the head
    size_t mapped;               // bytes of its mapping; 0: malloc'ed
    struct merge_budget *budget; // that has its size; NULL: none
} __attribute__((aligned(_Alignof(max_align_t))));

_Static_assert(sizeof(struct head) == MEMORY_HEAD_BYTES, "what follows is aligned as malloc aligns");

// ---- Budgets ----

// Of this thread. Initial-exec: nothing is allocated when a thread reads it first.
static __thread struct merge_budget *in_use __attribute__((tls_model("initial-exec")));

struct merge_budget *merge_use_budget(struct merge_budget *budget) {
    struct merge_budget *before = in_use;
    in_use = budget;
    return before;
}

struct merge_budget *merge_budget_in_use(void) {
    return in_use;
}

static void give(struct merge_budget *budget, size_t bytes) {
    for (; budget; budget = budget->within) {
        __atomic_sub_fetch(&budget->used_bytes, bytes, __ATOMIC_RELAXED);
    }
}

// Adds only what fits: a request that is refused does not take the place of another thread's smaller one, not for a moment.
static bool add_within(struct merge_budget *budget, size_t bytes) {
    size_t used = __atomic_load_n(&budget->used_bytes, __ATOMIC_RELAXED);
    do {
        if (used > budget->limit_bytes || bytes > budget->limit_bytes - used) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&budget->used_bytes, &used, used + bytes, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

static bool charge(struct merge_budget *budget, size_t bytes) {
    for (struct merge_budget *at = budget; at; at = at->within) {
        if (!add_within(at, bytes)) {
            for (struct merge_budget *taken = budget; taken != at; taken = taken->within) {
                __atomic_sub_fetch(&taken->used_bytes, bytes, __ATOMIC_RELAXED);
            }
            __atomic_store_n(&budget->exceeded, true, __ATOMIC_RELAXED);
            return false;
        }
    }
    return true;
}

bool merge_budget_take(size_t bytes) {
    return charge(in_use, bytes);
}

void merge_budget_give(size_t bytes) {
    give(in_use, bytes);
}

void merge_budget_stop(struct merge_budget *budget) {
    __atomic_store_n(&budget->stopped, true, __ATOMIC_RELAXED);
}

bool merge_budget_stopped(void) {
    for (const struct merge_budget *budget = in_use; budget; budget = budget->within) {
        if (__atomic_load_n(&budget->stopped, __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

// ---- Blocks ----

static void *behind(struct head *head, size_t size, size_t mapped, struct merge_budget *budget) {
    *head = (struct head){size, mapped, budget};
    return head + 1;
}

static struct head *head_of(void *block) {
    return (struct head *)block - 1;
}

// 0: overflow.
static size_t with_head(size_t size) {
    return size <= PTRDIFF_MAX - MEMORY_LARGE_BYTES ? size + sizeof(struct head) : 0;
}

static size_t whole_pages(size_t size) {
    return (size + 4095) / 4096 * 4096; // the kernel rounds up to larger pages itself
}

static size_t counted(size_t size) {
    return size >= MEMORY_LARGE_BYTES ? whole_pages(size) : size;
}

// Of a size with its head, that is charged already.
static void *charged(struct head *head, size_t all, struct merge_budget *budget) {
    if (!head) {
        give(budget, counted(all));
        return NULL;
    }
    return behind(head, all, all >= MEMORY_LARGE_BYTES ? whole_pages(all) : 0, budget);
}

// A new zeroed mapping. flags: 0, or MAP_POPULATE.
static struct head *map(size_t size, int flags) {
    void *base = mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return base != MAP_FAILED ? base : NULL;
}

void *memory_take(size_t size) {
    size_t all = with_head(size);
    if (all == 0 || !charge(in_use, counted(all))) {
        return NULL;
    }
    return charged(all >= MEMORY_LARGE_BYTES ? map(all, 0) : malloc(all), all, in_use);
}

static void *take_zeroed(size_t count, size_t item_bytes, int flags) {
    size_t size, all;
    if (__builtin_mul_overflow(count, item_bytes, &size)) {
        return NULL;
    }
    all = with_head(size);
    if (all == 0 || !charge(in_use, counted(all))) {
        return NULL;
    }
    return charged(all >= MEMORY_LARGE_BYTES ? map(all, flags) : calloc(1, all), all, in_use);
}

void *memory_take_zeroed(size_t count, size_t item_bytes) {
    return take_zeroed(count, item_bytes, 0);
}

void *memory_take_resident(size_t count, size_t item_bytes) {
    return take_zeroed(count, item_bytes, MAP_POPULATE);
}

// The mapping of a block, made larger or smaller. It stays a mapping even if it is small now.
static void *remap(struct head *head, size_t all) {
    size_t pages = whole_pages(all), before = head->mapped;
    struct merge_budget *budget = head->budget;
    if (pages > before && !charge(budget, pages - before)) {
        return NULL;
    }
    void *base = pages != before ? mremap(head, before, pages, MREMAP_MAYMOVE) : head;
    if (base == MAP_FAILED) {
        give(budget, pages > before ? pages - before : 0);
        return NULL;
    }
    give(budget, pages < before ? before - pages : 0);
    return behind(base, all, pages, budget);
}

static void *resize_in_heap(struct head *head, size_t all) {
    size_t before = head->size;
    struct merge_budget *budget = head->budget;
    if (all > before && !charge(budget, all - before)) {
        return NULL;
    }
    struct head *moved = realloc(head, all);
    if (!moved) {
        give(budget, all > before ? all - before : 0);
        return NULL;
    }
    give(budget, all < before ? before - all : 0);
    return behind(moved, all, 0, budget);
}

void *memory_resize(void *block, size_t size) {
    size_t all = with_head(size);
    if (all == 0) {
        return NULL;
    }
    if (!block) {
        return memory_take(size);
    }
    if (head_of(block)->mapped > 0) {
        return remap(head_of(block), all);
    }
    if (all < MEMORY_LARGE_BYTES) {
        return resize_in_heap(head_of(block), all);
    }
    struct merge_budget *threads = merge_use_budget(head_of(block)->budget);
    void *moved = memory_take(size); // a mapping
    merge_use_budget(threads);
    if (moved) {
        memcpy(moved, block, head_of(block)->size - sizeof(struct head));
        memory_free(block);
    }
    return moved;
}

void memory_free(void *block) {
    if (!block) {
        return;
    }
    struct head *head = head_of(block);
    give(head->budget, head->mapped > 0 ? head->mapped : head->size);
    if (head->mapped > 0) {
        munmap(head, head->mapped);
    } else {
        free(head);
    }
}
