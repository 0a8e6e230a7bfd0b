// private_arena.c: a bump pointer over reserved memory.

#include "private_arena.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "reserved_memory.h"

bool private_arena_open(struct private_arena *arena, size_t reserved_bytes, struct memory_budget *budget) {
    uint8_t *base = reserved_memory_map(reserved_bytes);
    if (base == NULL) {
        return false;
    }
    arena->base = base;
    arena->reserved_bytes = reserved_bytes;
    arena->budget = budget;
    atomic_store_explicit(&arena->used_bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&arena->open_bytes, 0, memory_order_relaxed);
    return true;
}

void *private_arena_take(struct private_arena *arena, size_t size_bytes) {
    size_t size = (size_bytes + 15) & ~(size_t)15;
    if (size < size_bytes || !memory_budget_take(arena->budget, size)) {
        return NULL;
    }
    size_t at = atomic_load_explicit(&arena->used_bytes, memory_order_relaxed);
    do {
        if (size > arena->reserved_bytes - at || !reserved_memory_open(arena->base, arena->reserved_bytes, &arena->open_bytes, at + size)) {
            memory_budget_give(arena->budget, size);
            return NULL;
        }
    } while (!atomic_compare_exchange_weak_explicit(&arena->used_bytes, &at, at + size, memory_order_relaxed, memory_order_relaxed));
    return arena->base + at;
}

void private_arena_close(struct private_arena *arena) {
    if (arena->base != NULL) {
        memory_budget_give(arena->budget, atomic_load(&arena->used_bytes));
        munmap(arena->base, arena->reserved_bytes);
    }
    *arena = (struct private_arena){0};
}
