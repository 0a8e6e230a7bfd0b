// block_filter.c (tables): see block_filter.h.

#include "block_filter.h"

#include <errno.h>
#include <sys/mman.h>

struct block_counts block_filter_smallest = {.mask = BLOCK_FILTER_SMALLEST - 1, .of = {[BLOCK_FILTER_SMALLEST - 1] = 0}};

static size_t mapped_bytes(size_t counters) {
    return sizeof(struct block_counts) + counters;
}

// Load next first: a thread that finds none there and then loads the old filter is one that block_filter_fill waits for.
struct block_counts *block_filter_add(struct block_filter *filter, const void *block, uint8_t tag) {
    struct block_counts *next = atomic_load_explicit(&filter->next, memory_order_acquire);
    struct block_counts *present = block_filter_present(filter);
    block_filter_count_up(block_filter_count(present, block), tag);
    if (next && next != present) {
        block_filter_count_up(block_filter_count(next, block), tag);
    }
    return present;
}

static uint8_t one_less(uint8_t now) {
    return now < BLOCK_FILTER_TWO ? 0 : now - 1; // two blocks have no tag: one of them stays, untagged
}

void block_filter_remove(struct block_counts *counts, const void *block) {
    _Atomic uint8_t *count = block_filter_count(counts, block);
    uint8_t now = atomic_load_explicit(count, memory_order_relaxed);
    while (now != BLOCK_FILTER_FULL && now != 0 &&
           !atomic_compare_exchange_weak_explicit(count, &now, one_less(now), memory_order_relaxed, memory_order_relaxed)) {
    }
}

bool block_filter_begin(struct block_filter *filter, size_t counters, struct memory_budget *budget) {
    size_t size = mapped_bytes(counters);
    if (atomic_load(&filter->next) || !memory_budget_take(budget, size)) {
        return false;
    }
    int saved = errno;
    // Populated: free() reads all of it sooner or later, and page faults would hit the program's threads.
    struct block_counts *counts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    errno = saved;
    if (counts == MAP_FAILED) {
        memory_budget_give(budget, size);
        return false;
    }
    counts->mask = counters - 1;
    counts->older = block_filter_present(filter);
    atomic_store(&filter->next, counts);
    return true;
}

void block_filter_fill(struct block_filter *filter, const void *block, uint8_t tag) {
    block_filter_count_up(block_filter_count(atomic_load(&filter->next), block), tag);
}

void block_filter_restart(struct block_filter *filter) {
    struct block_counts *next = atomic_load(&filter->next);
    if (next == block_filter_present(filter)) {
        atomic_store(&filter->next, NULL);
        return;
    }
    for (size_t i = 0; next && i <= next->mask; i++) {
        atomic_store_explicit(&next->of[i], 0, memory_order_relaxed);
    }
}

void block_filter_finish(struct block_filter *filter) {
    atomic_store(&filter->present, (uintptr_t)atomic_load(&filter->next) - (uintptr_t)&block_filter_smallest);
    atomic_store(&filter->next, NULL);
}

size_t block_filter_size(const struct block_filter *filter) {
    return block_filter_present(filter)->mask + 1;
}

void block_filter_close(struct block_filter *filter, struct memory_budget *budget) {
    const struct block_counts *older;
    for (struct block_counts *counts = block_filter_present(filter); counts->older; counts = (struct block_counts *)older) {
        older = counts->older;
        memory_budget_give(budget, mapped_bytes(counts->mask + 1));
        munmap(counts, mapped_bytes(counts->mask + 1));
    }
    atomic_store(&filter->present, 0);
}
