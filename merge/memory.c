// memory.c: see memory.h, also for threads and memory.
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct head {
    size_t size;   // including the head
    size_t mapped; // bytes of its mapping; 0: malloc'ed
} __attribute__((aligned(MEMORY_HEAD_BYTES)));

_Static_assert(sizeof(struct head) == MEMORY_HEAD_BYTES, "what follows is aligned as malloc aligns");

static void *behind(struct head *head, size_t size, size_t mapped) {
    *head = (struct head){size, mapped};
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

// A new zeroed mapping.
static void *map(size_t size) {
    void *base = mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return base != MAP_FAILED ? behind(base, size, whole_pages(size)) : NULL;
}

static void *remap(struct head *head, size_t size) {
    size_t pages = whole_pages(size);
    if (pages == head->mapped) {
        return behind(head, size, pages);
    }
    void *base = mremap(head, head->mapped, pages, MREMAP_MAYMOVE);
    return base != MAP_FAILED ? behind(base, size, pages) : NULL;
}

void *memory_take(size_t size) {
    size_t all = with_head(size);
    if (all >= MEMORY_LARGE_BYTES) {
        return map(all);
    }
    struct head *head = all > 0 ? malloc(all) : NULL;
    return head ? behind(head, all, 0) : NULL;
}

void *memory_take_zeroed(size_t count, size_t item_bytes) {
    size_t size, all;
    if (__builtin_mul_overflow(count, item_bytes, &size)) {
        return NULL;
    }
    all = with_head(size);
    if (all >= MEMORY_LARGE_BYTES) {
        return map(all);
    }
    struct head *head = all > 0 ? calloc(1, all) : NULL;
    return head ? behind(head, all, 0) : NULL;
}

// Moves a malloc'ed block to a mapping, or maps a new one.
static void *move_to_mapping(void *block, size_t all) {
    void *moved = map(all);
    if (moved && block) {
        memcpy(moved, block, head_of(block)->size - sizeof(struct head));
        free(head_of(block));
    }
    return moved;
}

void *memory_resize(void *block, size_t size) {
    size_t all = with_head(size);
    if (all == 0) {
        return NULL;
    }
    if (block && head_of(block)->mapped > 0) { // it stays a mapping even if it is small now
        return remap(head_of(block), all);
    }
    if (all >= MEMORY_LARGE_BYTES) {
        return move_to_mapping(block, all);
    }
    struct head *head = realloc(block ? head_of(block) : NULL, all);
    return head ? behind(head, all, 0) : NULL;
}

void memory_free(void *block) {
    if (!block) {
        return;
    }
    struct head *head = head_of(block);
    if (head->mapped > 0) {
        munmap(head, head->mapped);
    } else {
        free(head);
    }
}
