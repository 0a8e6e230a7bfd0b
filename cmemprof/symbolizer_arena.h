// symbolizer_arena.h (naming): memory for symbolizing one profile, separate from the program's allocator.
//
// Debug data comes in large blocks, and freeing one in the program's heap would raise glibc's mmap and trim thresholds for good. So blocks
// are mapped, freed together when a profile is symbolized, and bounded: SYMBOLIZER_ARENA_BYTES for all open files. If the program's memory
// (cgroup_memory.h) or address space (RLIMIT_AS) is limited, the bound is a quarter of the memory left, or an eighth of the address
// space, so that symbolizing cannot starve the program. Single blocks are freed only if large.
//
// Threads: guarded by the caller. An allocation that does not fit returns NULL, and what needed it has no name.
#ifndef CMEMPROF_SYMBOLIZER_ARENA_H
#define CMEMPROF_SYMBOLIZER_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

#define SYMBOLIZER_ARENA_BYTES ((size_t)256 << 20)

struct symbolizer_arena {
    struct symbolizer_block *blocks; // latest first
    uint8_t *at, *end;               // rest of the latest chunk of small blocks
    size_t used_bytes, limit_bytes;
    bool ran_short;            // an allocation did not fit
    size_t address_space_left; // SIZE_MAX: unlimited
};

void symbolizer_arena_open(struct symbolizer_arena *memory);
void symbolizer_arena_close(struct symbolizer_arena *memory); // frees all blocks; unusable until opened again

// Zeroed, aligned to 16 bytes. Returns NULL if memory runs out.
void *symbolizer_arena_alloc(struct symbolizer_arena *memory, size_t bytes);
// Copies to a larger block and releases the old one. Returns NULL, with the old block kept, if memory runs out.
void *symbolizer_arena_grow(struct symbolizer_arena *memory, void *old, size_t old_bytes, size_t bytes);

// Frees a large block at once; a small one is freed with the arena.
void symbolizer_arena_drop(struct symbolizer_arena *memory, void *block, size_t bytes);

// The content of the block's part is not needed any more: its whole pages are given back, and read as zeroes.
void symbolizer_arena_forget(void *part, size_t bytes);

#endif
