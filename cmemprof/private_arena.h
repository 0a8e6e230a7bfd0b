// private_arena.h: memory of our own, from mmap, handed out in blocks of 16 KiB that go back to the system when they are given back.
//
// Address space is reserved in areas (reserved_memory.h) that double in size as they are needed: 1 MiB, 2 MiB, 4 MiB, ... and is kept: a
// block that was given back costs no memory until it is taken again. So a late reader of such a block reads zeros and does not fault.
//
// Threads: any, without a lock, also inside malloc and after fork; give outside of malloc only. Blocks are aligned to their size and zero.
// Memory: bounded by its share of the budget (memory_budget.h).
#ifndef CMEMPROF_PRIVATE_ARENA_H
#define CMEMPROF_PRIVATE_ARENA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "memory_budget.h"

enum { PRIVATE_ARENA_BLOCK_BYTES = 1 << 14, PRIVATE_ARENA_AREAS = 20 };

struct private_area;
struct private_arena {
    struct memory_share *share;
    _Atomic(struct private_area *) areas[PRIVATE_ARENA_AREAS]; // filled from 0; never taken away
    _Atomic uint32_t block_count;                              // handed out at least once
    _Atomic uint64_t free_blocks;                              // the last one given back, and a count against ABA
};

// False: no address space, and the arena stays empty.
bool private_arena_open(struct private_arena *arena, struct memory_share *share);
// For tests and for a start that failed half-way. Nobody may use a block any more.
void private_arena_close(struct private_arena *arena);

// NULL: over the budget, or no memory.
void *private_arena_take(struct private_arena *arena);
void private_arena_give(struct private_arena *arena, void *block);

// The block of a number below block_count. NULL: it is not in use.
void *private_arena_block(const struct private_arena *arena, uint32_t number);

#endif
