// symbolizer_arena.c (naming): small blocks are cut from chunks; large ones get their own mapping.

#include "symbolizer_arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../base/page.h"
#include "cgroup_memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define CLOSE_BYTES(begin, bytes) __asan_poison_memory_region(begin, bytes)
#define OPEN_BYTES(begin, bytes) __asan_unpoison_memory_region(begin, bytes)
enum { GAP_BYTES = 32 }; // red zone between two blocks
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define CLOSE_BYTES(begin, bytes) __asan_poison_memory_region(begin, bytes)
#define OPEN_BYTES(begin, bytes) __asan_unpoison_memory_region(begin, bytes)
enum { GAP_BYTES = 32 };
#endif
#endif
#ifndef CLOSE_BYTES
#define CLOSE_BYTES(begin, bytes) (void)(begin), (void)(bytes)
#define OPEN_BYTES(begin, bytes) (void)(begin), (void)(bytes)
enum { GAP_BYTES = 0 };
#endif

// At the start of each mapping.
struct symbolizer_block {
    struct symbolizer_block *next;
    size_t bytes; // including this header
};

enum {
    HEAD_BYTES = 16,
    PAGE_BYTES = 4096,
    CHUNK_BYTES = 256 << 10,
    LARGE_BYTES = 64 << 10,
    SHARE_OF_MEMORY = 4,
    SHARE_OF_ADDRESS_SPACE = 8
};
_Static_assert(sizeof(struct symbolizer_block) <= HEAD_BYTES, "a block begins behind its head");

static size_t pages_in_use(void) {
    char text[128] = "";
    size_t pages = 0;
    int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        ssize_t size = read(descriptor, text, sizeof text - 1);
        close(descriptor);
        for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; i++) {
            pages = pages * 10 + (size_t)(text[i] - '0');
        }
    }
    return pages;
}

void symbolizer_arena_open(struct symbolizer_arena *memory) {
    struct rlimit limit;
    size_t share = cgroup_memory_left(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT) / SHARE_OF_MEMORY;
    *memory = (struct symbolizer_arena){.limit_bytes = share < SYMBOLIZER_ARENA_BYTES ? share : SYMBOLIZER_ARENA_BYTES,
                                        .address_space_left = SIZE_MAX};
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        size_t used = pages_in_use() * page_bytes();
        memory->address_space_left = limit.rlim_cur > used ? (limit.rlim_cur - used) / SHARE_OF_ADDRESS_SPACE : 0;
    }
}

void symbolizer_arena_close(struct symbolizer_arena *memory) {
    while (memory->blocks) {
        struct symbolizer_block *block = memory->blocks;
        memory->blocks = block->next;
        size_t bytes = block->bytes;
        OPEN_BYTES(block, bytes);
        munmap(block, bytes);
    }
    *memory = (struct symbolizer_arena){0};
}

static bool reserve(struct symbolizer_arena *memory, size_t bytes) {
    if (bytes > memory->address_space_left) {
        memory->ran_short = true;
        return false;
    }
    memory->address_space_left -= memory->address_space_left != SIZE_MAX ? bytes : 0;
    return true;
}

static void give_back(struct symbolizer_arena *memory, size_t bytes) {
    memory->address_space_left += memory->address_space_left != SIZE_MAX ? bytes : 0;
}

// bytes excludes the header. Returns NULL if memory runs out.
static struct symbolizer_block *map_block(struct symbolizer_arena *memory, size_t bytes) {
    if (bytes > memory->limit_bytes - memory->used_bytes) {
        memory->ran_short = true;
        return NULL;
    }
    size_t all = (bytes + HEAD_BYTES + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    if (!reserve(memory, all)) {
        return NULL;
    }
    struct symbolizer_block *block = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        memory->ran_short = true;
        give_back(memory, all);
        return NULL;
    }
    *block = (struct symbolizer_block){memory->blocks, all};
    memory->blocks = block;
    memory->used_bytes += bytes;
    CLOSE_BYTES((uint8_t *)block + HEAD_BYTES, all - HEAD_BYTES);
    return block;
}

static void *open_block(uint8_t *block, size_t bytes) {
    OPEN_BYTES(block, bytes);
    return block;
}

void *symbolizer_arena_alloc(struct symbolizer_arena *memory, size_t bytes) {
    if (bytes > memory->limit_bytes) { // so that the sums below cannot overflow
        memory->ran_short = true;
        return NULL;
    }
    size_t padded_bytes = (bytes + GAP_BYTES + 15) & ~(size_t)15;
    if (padded_bytes >= LARGE_BYTES) {
        struct symbolizer_block *block = map_block(memory, padded_bytes);
        return block ? open_block((uint8_t *)block + HEAD_BYTES, bytes) : NULL;
    }
    if ((size_t)(memory->end - memory->at) < padded_bytes) {
        struct symbolizer_block *chunk = map_block(memory, CHUNK_BYTES - HEAD_BYTES);
        if (!chunk) {
            return NULL;
        }
        memory->at = (uint8_t *)chunk + HEAD_BYTES;
        memory->end = (uint8_t *)chunk + CHUNK_BYTES;
    }
    uint8_t *block = memory->at;
    memory->at += padded_bytes;
    return open_block(block, bytes);
}

void symbolizer_arena_drop(struct symbolizer_arena *memory, void *old, size_t bytes) {
    size_t padded_bytes = (bytes + GAP_BYTES + 15) & ~(size_t)15;
    if (padded_bytes < LARGE_BYTES) {
        return;
    }
    for (struct symbolizer_block **at = &memory->blocks; *at; at = &(*at)->next) {
        struct symbolizer_block *block = *at;
        if ((const uint8_t *)block + HEAD_BYTES == old) {
            *at = block->next;
            memory->used_bytes -= padded_bytes;
            give_back(memory, block->bytes);
            size_t mapped = block->bytes;
            OPEN_BYTES(block, mapped);
            munmap(block, mapped);
            return;
        }
    }
}

void symbolizer_arena_forget(void *part, size_t bytes) {
    uintptr_t low = ((uintptr_t)part + page_bytes() - 1) & ~(uintptr_t)(page_bytes() - 1);
    uintptr_t high = ((uintptr_t)part + bytes) & ~(uintptr_t)(page_bytes() - 1);
    if (low < high) {
        page_discard((void *)low, high - low);
    }
}

void *symbolizer_arena_grow(struct symbolizer_arena *memory, void *old, size_t old_bytes, size_t bytes) {
    void *block = symbolizer_arena_alloc(memory, bytes);
    if (block && old) {
        memcpy(block, old, old_bytes);
        symbolizer_arena_drop(memory, old,
                              old_bytes); // frees large blocks at once: arrays that double would otherwise keep all former copies
    }
    return block;
}
