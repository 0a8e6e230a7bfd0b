// arena.h: memory that is freed all at once: the texts and tables of a chunk's metadata, and of a recording.
// Threads: as its owner. Memory: malloc, in blocks of 16 KiB or of one larger item, which count against the thread's budget (merge.h).
#ifndef CMEMPROF_JFR_ARENA_H
#define CMEMPROF_JFR_ARENA_H

#include "../merge/merge.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct jfr_arena_block {
    struct jfr_arena_block *next;
};
struct jfr_arena { // zero-initialize
    struct jfr_arena_block *blocks;
    char *at;
    size_t left;
    size_t counted; // against the budget
};

// Zeroed. Returns NULL if there is no memory.
static inline void *jfr_arena_take(struct jfr_arena *arena, size_t size) {
    enum { BLOCK_BYTES = 16 << 10 };
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + 16) & ~(size_t)15; // also of nothing
    if (size > arena->left) {
        size_t fresh = size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES;
        size_t bytes = sizeof(struct jfr_arena_block) + 8 + fresh;
        bool fits = merge_budget_take(bytes);
        struct jfr_arena_block *block = fits ? calloc(1, bytes) : NULL;
        if (!block) {
            merge_budget_give(fits ? bytes : 0);
            return NULL;
        }
        arena->counted += bytes;
        block->next = arena->blocks;
        arena->blocks = block;
        char *start = (char *)block + 16;
        if (fresh == size) { // a block of its own: what is left of the last one stays in use
            return start;
        }
        arena->at = start;
        arena->left = fresh;
    }
    void *item = arena->at;
    arena->at += size;
    arena->left -= size;
    return item;
}

static inline char *jfr_arena_copy(struct jfr_arena *arena, const void *bytes, size_t size) {
    char *copy = jfr_arena_take(arena, size + 1);
    if (copy && size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

static inline void jfr_arena_free(struct jfr_arena *arena) {
    while (arena->blocks) {
        struct jfr_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    merge_budget_give(arena->counted);
    *arena = (struct jfr_arena){0};
}

#endif
