// private_arena.h (tables): an mmap arena of 16 KiB blocks whose memory returns to the system when they are freed.
//
// Address space is reserved in areas (reserved_memory.h) that double in size: 1 MiB, 2 MiB, 4 MiB, ... and is kept. A freed block takes no
// memory until it is reused, and a late reader of it reads zeros instead of faulting.
//
// Threads: any, lock-free, also inside malloc and after fork; private_arena_give not inside malloc. Blocks are aligned to their size and
// zeroed. Memory: bounded by the share of the budget (memory_budget.h).
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
    _Atomic(struct private_area *) areas[PRIVATE_ARENA_AREAS]; // filled from 0; never unmapped
    _Atomic uint32_t block_count;                              // handed out at least once
    _Atomic uint64_t free_blocks;                              // top of the free list, and a counter against ABA
};

// Returns false, with the arena empty, if there is no address space.
bool private_arena_open(struct private_arena *arena, struct memory_share *share);
// For tests and for a start that failed halfway. No thread may use a block any more.
void private_arena_close(struct private_arena *arena);

// Returns NULL if the budget or memory is exhausted.
void *private_arena_take(struct private_arena *arena);
void private_arena_give(struct private_arena *arena, void *block);

// The block of a number below block_count. Returns NULL if it is not in use.
void *private_arena_block(const struct private_arena *arena, uint32_t number);

#endif
