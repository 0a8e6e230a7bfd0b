// spare_blocks.h: freed blocks that were sampled, and are kept for the next samples.
//
// Getting an aligned block costs glibc about 150 ns, and once freed the allocator would hand it out again for an allocation that
// is no sample, whose free would have to be looked up. So a few are kept, one a class of size. They are blocks of
// the allocator behind like any other, only not free; in the table of live blocks they rest (live_table.h).
//
// Classes: 128, 256, ... 4,096, then every 4,096 up to 64 KiB. Above, the allocator maps blocks by themselves or the program fills them at
// a cost beside which this is nothing.
// Threads: the holder of the shard it is part of. Memory: the blocks, 128 KiB at most.
#ifndef CMEMPROF_SPARE_BLOCKS_H
#define CMEMPROF_SPARE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "live_table.h"

enum { SPARE_CLASSES = 21, SPARE_MOST_BYTES = 64 * 1024, SPARE_LIMIT_BYTES = 128 * 1024 };

struct spare_block {
    void *block; // NULL: none
    struct live_place place;
};

struct spare_blocks {
    struct spare_block items[SPARE_CLASSES];
    size_t bytes;
};

// The class of a size up to SPARE_MOST_BYTES.
static inline unsigned spare_class(size_t size) {
    if (size <= 128) {
        return 0;
    }
    return size <= 4096 ? 64 - 7 - (unsigned)__builtin_clzll(size - 1) : 4 + (unsigned)((size + 4095) / 4096);
}

// How many bytes a block of the class has at least: allocate that many.
static inline size_t spare_class_bytes(unsigned class) {
    return class <= 5 ? (size_t)128 << class : (size_t)(class - 4) * 4096;
}

// The largest class whose blocks are not larger than this one. False: none, or the block is too large to be kept.
static inline bool spare_class_within(size_t usable_bytes, unsigned *class) {
    if (usable_bytes < 128 || usable_bytes >= SPARE_MOST_BYTES + 4096) {
        return false;
    }
    *class = usable_bytes < 8192 ? 56 - (unsigned)__builtin_clzll(usable_bytes) : 4 + (unsigned)(usable_bytes / 4096);
    return true;
}

static inline struct spare_block spare_take(struct spare_blocks *spares, unsigned class) {
    struct spare_block spare = spares->items[class];
    if (spare.block != NULL) {
        spares->items[class].block = NULL;
        spares->bytes -= spare_class_bytes(class);
    }
    return spare;
}

// False: not kept.
static inline bool spare_keep(struct spare_blocks *spares, unsigned class, struct spare_block spare) {
    if (spares->items[class].block != NULL || spares->bytes + spare_class_bytes(class) > SPARE_LIMIT_BYTES) {
        return false;
    }
    spares->items[class] = spare;
    spares->bytes += spare_class_bytes(class);
    return true;
}

#endif
