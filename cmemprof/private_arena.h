// private_arena.h: memory of our own, from mmap, handed out in pieces that are never given back. Bounded by a budget.
//
// Threads: any, without a lock, also inside malloc and after fork. Pieces are 16-byte aligned and zero.
#ifndef CMEMPROF_PRIVATE_ARENA_H
#define CMEMPROF_PRIVATE_ARENA_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "memory_budget.h"

struct private_arena {
    uint8_t *base;         // set once
    size_t reserved_bytes; // set once
    _Atomic size_t used_bytes, open_bytes;
    struct memory_budget *budget;
};

// Reserves address space (reserved_memory.h). False: mmap failed, and the arena stays empty.
_Bool private_arena_open(struct private_arena *arena, size_t reserved_bytes, struct memory_budget *budget);
// NULL: full, or over the budget, or no memory.
void *private_arena_take(struct private_arena *arena, size_t size_bytes);
// For tests and for a start that failed half-way. Nobody may use a piece any more.
void private_arena_close(struct private_arena *arena);

#endif
