// pools.h: the constant pools of a chunk: where each constant is, by type and key.
//
// A checkpoint event has some pools: start, duration, distance to the one before, kind, number of pools; each pool: type id, number of
// constants; each constant: key, value. The pools of a chunk are the union of its checkpoints. Constants have no size, so each is
// skipped by its type's program (plan.h), and only its place is kept. Keys are any 64-bit numbers, small and dense ones mostly.
//
// Of several constants with one key the first one holds, as in the JDK's reader.
// Threads: as its owner. Memory: 24 bytes per constant, which count against the thread's budget (merge.h), and 8 to 16 per constant of a
// pool that was searched.
#ifndef CMEMPROF_JFR_POOLS_H
#define CMEMPROF_JFR_POOLS_H

#include "metadata.h"

struct jfr_constant {
    uint64_t key;
    const uint8_t *at; // its value
    uint32_t made;     // what the reader has made of it, 0 at first
};
struct jfr_pool {
    struct jfr_constant *items;
    size_t count, capacity;
    uint32_t *slots; // index + 1; NULL: not searched yet
    size_t mask;
};
struct jfr_pools {
    struct jfr_pool *pools; // by index of class
    size_t count;
    uint64_t seed;
    const uint8_t *end; // of the chunk
    bool fixed;
    size_t counted; // against the thread's budget
};

// False: no memory.
bool jfr_pools_init(struct jfr_pools *pools, const struct jfr_metadata *metadata, const uint8_t *end);
void jfr_pools_free(struct jfr_pools *pools);
// cursor: behind a checkpoint's size and type, ending with the event. Returns NULL, or the fault: then the constants before it are there.
// Sets *no_memory as jfr_metadata_read.
const char *jfr_pools_add(struct jfr_pools *pools, struct jfr_metadata *metadata, struct jfr_cursor *cursor, bool *no_memory);
// Returns NULL if there is none, or no memory.
struct jfr_constant *jfr_pools_find(struct jfr_pools *pools, uint32_t class, uint64_t key);

static inline struct jfr_cursor jfr_constant_cursor(const struct jfr_pools *pools, const struct jfr_constant *constant) {
    return (struct jfr_cursor){constant->at, pools->end, pools->fixed, false};
}

#endif
