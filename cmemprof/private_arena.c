// private_arena.c (tables): each area begins with one link per block; the free list runs through these links.

#include "private_arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../base/page.h"
#include "reserved_memory.h"

enum { FIRST_AREA_BLOCKS = 64 };
#define BLOCK_BYTES ((size_t)PRIVATE_ARENA_BLOCK_BYTES)
#define IN_USE UINT32_MAX
// free_blocks: block number plus 1 (0: empty list), and above it a counter incremented with every change.
#define NUMBER_BITS 32

struct private_area {
    uint8_t *blocks;
    size_t reserved_bytes;
    _Atomic size_t open_bytes;
    uint32_t first, count;    // numbers of its blocks
    _Atomic uint32_t links[]; // of a free block: next block's number plus 1; else IN_USE; 0 also before the first use
};

static size_t head_bytes(uint32_t count) {
    return sizeof(struct private_area) + count * sizeof(uint32_t);
}

// Area i has 64 << i blocks, numbered from 64 * (2^i - 1).
static int area_of(uint32_t number) {
    return 31 - __builtin_clz(number / FIRST_AREA_BLOCKS + 1);
}

// If address space is limited, all areas together stay within the share of one reservation.
static bool may_reserve(int index, size_t size_bytes) {
    size_t before = BLOCK_BYTES * FIRST_AREA_BLOCKS * (((size_t)1 << index) - 1);
    return reserved_memory_share(before + size_bytes) == before + size_bytes;
}

static struct private_area *reserve(int index) {
    uint32_t count = (uint32_t)FIRST_AREA_BLOCKS << index;
    size_t size = head_bytes(count) + (count + 1) * BLOCK_BYTES; // one extra for alignment
    uint8_t *base = may_reserve(index, size) ? reserved_memory_map(size) : NULL;
    _Atomic size_t open_bytes = 0;
    if (!base || !reserved_memory_open(base, size, &open_bytes, head_bytes(count))) {
        if (base) {
            munmap(base, size);
        }
        return NULL;
    }
    struct private_area *area = (struct private_area *)base;
    area->blocks = base + ((head_bytes(count) + BLOCK_BYTES + (uintptr_t)base - 1) / BLOCK_BYTES * BLOCK_BYTES - (uintptr_t)base);
    area->reserved_bytes = size;
    area->open_bytes = open_bytes;
    area->first = count - FIRST_AREA_BLOCKS;
    area->count = count;
    return area;
}

// Returns NULL if there is no address space. Several threads may try; one wins, and the others use its area.
static struct private_area *area_at(struct private_arena *arena, int index) {
    if (index >= PRIVATE_ARENA_AREAS) {
        return NULL;
    }
    struct private_area *area = atomic_load_explicit(&arena->areas[index], memory_order_acquire), *none = NULL;
    if (area || !(area = reserve(index))) {
        return area;
    }
    if (!atomic_compare_exchange_strong(&arena->areas[index], &none, area)) {
        munmap(area, area->reserved_bytes);
        return none;
    }
    return area;
}

static void *block_at(const struct private_area *area, uint32_t number) {
    return area->blocks + (number - area->first) * BLOCK_BYTES;
}

static _Atomic uint32_t *link_of(const struct private_arena *arena, uint32_t number) {
    struct private_area *area = atomic_load_explicit(&arena->areas[area_of(number)], memory_order_acquire);
    return &area->links[number - area->first];
}

bool private_arena_open(struct private_arena *arena, struct memory_share *share) {
    memset(arena, 0, sizeof *arena);
    arena->share = share;
    return area_at(arena, 0);
}

void private_arena_close(struct private_arena *arena) {
    for (uint32_t i = 0; i < atomic_load(&arena->block_count); i++) {
        if (private_arena_block(arena, i)) {
            memory_share_give(arena->share, BLOCK_BYTES);
        }
    }
    for (int i = 0; i < PRIVATE_ARENA_AREAS; i++) {
        struct private_area *area = atomic_load(&arena->areas[i]);
        if (area) {
            munmap(area, area->reserved_bytes);
        }
    }
    memset(arena, 0, sizeof *arena);
}

static void *take_free(struct private_arena *arena) {
    uint64_t first = atomic_load_explicit(&arena->free_blocks, memory_order_acquire);
    while ((uint32_t)first != 0) {
        uint32_t number = (uint32_t)first - 1;
        // May be IN_USE if another thread takes the block meanwhile; the head has then changed as well.
        uint32_t next = atomic_load_explicit(link_of(arena, number), memory_order_relaxed);
        uint64_t changed = ((first >> NUMBER_BITS) + 1) << NUMBER_BITS | next;
        if (atomic_compare_exchange_weak_explicit(&arena->free_blocks, &first, changed, memory_order_acquire, memory_order_acquire)) {
            atomic_store_explicit(link_of(arena, number), IN_USE, memory_order_release);
            return block_at(atomic_load_explicit(&arena->areas[area_of(number)], memory_order_acquire), number);
        }
    }
    return NULL;
}

static void *take_fresh(struct private_arena *arena) {
    uint32_t number = atomic_load_explicit(&arena->block_count, memory_order_relaxed);
    struct private_area *area;
    do {
        area = area_at(arena, area_of(number));
        if (!area || !reserved_memory_open((uint8_t *)area, area->reserved_bytes, &area->open_bytes,
                                           (size_t)((uint8_t *)block_at(area, number) - (uint8_t *)area) + BLOCK_BYTES)) {
            return NULL;
        }
    } while (!atomic_compare_exchange_weak_explicit(&arena->block_count, &number, number + 1, memory_order_acq_rel, memory_order_relaxed));
    atomic_store_explicit(link_of(arena, number), IN_USE, memory_order_release);
    return block_at(area, number);
}

void *private_arena_take(struct private_arena *arena) {
    if (!memory_share_take(arena->share, BLOCK_BYTES)) {
        return NULL;
    }
    void *block = take_free(arena);
    if (!block && !(block = take_fresh(arena))) {
        memory_share_give(arena->share, BLOCK_BYTES);
        memory_budget_refuse(arena->share->budget);
    }
    return block;
}

static uint32_t number_of(const struct private_arena *arena, const void *block) {
    for (int i = 0; i < PRIVATE_ARENA_AREAS; i++) {
        struct private_area *area = atomic_load_explicit(&arena->areas[i], memory_order_acquire);
        size_t at = area ? (size_t)((const uint8_t *)block - area->blocks) / BLOCK_BYTES : SIZE_MAX;
        if (area && (const uint8_t *)block >= area->blocks && at < area->count) {
            return area->first + (uint32_t)at;
        }
    }
    return 0; // unreachable: the block is from this arena
}

void private_arena_give(struct private_arena *arena, void *block) {
    uint32_t number = number_of(arena, block);
    int saved = errno;
    if (page_discard(block, BLOCK_BYTES) != 0) { // fails if the program has locked its memory, and if pages are larger
        memset(block, 0, BLOCK_BYTES);
    }
    errno = saved;
    uint64_t first = atomic_load_explicit(&arena->free_blocks, memory_order_relaxed), changed;
    do {
        atomic_store_explicit(link_of(arena, number), (uint32_t)first, memory_order_relaxed);
        changed = ((first >> NUMBER_BITS) + 1) << NUMBER_BITS | (number + 1);
    } while (!atomic_compare_exchange_weak_explicit(&arena->free_blocks, &first, changed, memory_order_release, memory_order_relaxed));
    memory_share_give(arena->share, BLOCK_BYTES);
}

void *private_arena_block(const struct private_arena *arena, uint32_t number) {
    struct private_area *area = atomic_load_explicit(&arena->areas[area_of(number)], memory_order_acquire);
    bool in_use = atomic_load_explicit(&area->links[number - area->first], memory_order_acquire) == IN_USE;
    return in_use ? block_at(area, number) : NULL;
}
