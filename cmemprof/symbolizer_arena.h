// symbolizer_arena.h: memory that naming needs for a moment, apart from the program's allocator.
//
// From there it would stay the program's: glibc raises its thresholds for mapping and for giving back to the largest block that was freed,
// and debug data comes in large blocks. So it is mapped, given back as one when a profile is named, and bounded: SYMBOLIZER_ARENA_BYTES for
// all files that are open, and where the program's memory (cgroup_memory.h) or address space (RLIMIT_AS) is limited an eighth of what it
// has left of it, so that the program does not run short because of names. A single block goes back only if it is large.
//
// Threads: guarded by the caller. What does not fit is NULL, and what needed it has no name.
#ifndef CMEMPROF_SYMBOLIZER_ARENA_H
#define CMEMPROF_SYMBOLIZER_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

#define SYMBOLIZER_ARENA_BYTES ((size_t)256 << 20)

struct symbolizer_arena {
    struct symbolizer_block *blocks; // the newest first
    uint8_t *at, *end;               // what is left of the newest chunk of small ones
    size_t used_bytes, limit_bytes;
    bool ran_short;            // something did not fit
    size_t address_space_left; // SIZE_MAX: it is not limited
};

void symbolizer_arena_open(struct symbolizer_arena *memory);
void symbolizer_arena_close(struct symbolizer_arena *memory); // all blocks go, and there is none until it is opened again

// Zero, aligned to 16 bytes. NULL: no memory.
void *symbolizer_arena_alloc(struct symbolizer_arena *memory, size_t bytes);
// A copy in a larger block; the old one is gone. NULL: no memory, and the old one stays.
void *symbolizer_arena_grow(struct symbolizer_arena *memory, void *old, size_t old_bytes, size_t bytes);

// Gives a large block back at once; a small one goes with all others.
void symbolizer_arena_drop(struct symbolizer_arena *memory, void *block, size_t bytes);

#endif
