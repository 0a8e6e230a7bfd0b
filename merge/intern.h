// intern.h: a hash table from content to its dense id.
//
// The table stores hashes and ids only. Its owner stores the content and compares it in full, so that hash collisions are harmless.
// Hashes are seeded at random per profile, so that an upload cannot be crafted to make all its entries collide. Ids are assigned in
// order of insertion, whatever the seed is. Entries are never removed.
// Threads: as its owner. Memory: one array of slots (memory.h), at most half full.
#ifndef CMEMPROF_MERGE_INTERN_H
#define CMEMPROF_MERGE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"

struct intern_slot {
    uint32_t hash, id; // id 0: free
};
struct intern {
    struct intern_slot *slots;
    uint32_t mask, count; // mask: slots - 1, 0 before the first entry
    // Ordered tables only, else NULL: the id that last followed each id (after[0] is the first), and the last one found.
    uint32_t *after;
    uint32_t last;
};

// False: no memory; the table is unchanged.
bool intern_add(struct intern *table, uint32_t hash, uint32_t id);
// Makes room for so many entries, of which some may be there: a table of a known size is not made again and again. False: no memory.
bool intern_reserve(struct intern *table, size_t count);
void intern_free(struct intern *table);
uint64_t intern_seed(void);

// equal(context, id, key): whether the content of id equals key.
typedef bool intern_equal(const void *context, uint32_t id, const void *key);

// Returns the id, or 0. Inline, so that equal is inlined too.
static inline uint32_t intern_find(const struct intern *table, uint32_t hash, intern_equal *equal, const void *context, const void *key) {
    if (!table->slots) {
        return 0;
    }
    for (uint32_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        const struct intern_slot *slot = &table->slots[at];
        if (slot->id == 0) {
            return 0;
        }
        if (slot->hash == hash && equal(context, slot->id, key)) {
            return slot->id;
        }
    }
}

// Consecutive inputs mostly have their entries in the same order. So an ordered table, whose ids must be 1, 2, 3, ..., first tries
// the id that followed the last one found, by its content and without a hash: two profiles of one process, a period apart, need
// few hashes. New entries are linked in where they appeared; moved ones are found by their hash once. False: no memory.
bool intern_order(struct intern *table);
static inline void intern_rewind(struct intern *table) { // at the start of an input
    table->last = 0;
}

// Returns the expected next id if its content equals key, else 0. 0 for an unordered table.
static inline uint32_t intern_guess(struct intern *table, intern_equal *equal, const void *context, const void *key) {
    uint32_t id = table->after ? table->after[table->last] : 0;
    if (id == 0 || !equal(context, id, key)) {
        return 0;
    }
    return table->last = id;
}

// As intern_find, and records the order.
static inline uint32_t intern_find_next(struct intern *table, uint32_t hash, intern_equal *equal, const void *context, const void *key) {
    uint32_t id = intern_find(table, hash, equal, context, key);
    if (id != 0 && table->after) {
        table->last = table->after[table->last] = id;
    }
    return id;
}

// A batched look-up in three steps: the first two prefetch what the third, intern_find_next, will read, so that the cache misses of all
// keys overlap. Step 1, with the hash:
static inline void intern_fetch(const struct intern *table, uint32_t hash) {
    if (table->slots) {
        __builtin_prefetch(&table->slots[hash & table->mask]);
    }
}
// Step 2: an id with this hash, not compared, whose content the caller prefetches. 0: none.
static inline uint32_t intern_likely(const struct intern *table, uint32_t hash) {
    uint32_t at = hash & table->mask;
    while (table->slots && table->slots[at].id != 0 && table->slots[at].hash != hash) {
        at = (at + 1) & table->mask;
    }
    return table->slots ? table->slots[at].id : 0;
}

// One 64 x 64-bit multiplication per word, folded to 64 bits: fast, and unpredictable without the seed.
static inline uint64_t intern_hash_word(uint64_t hash, uint64_t word) {
    unsigned __int128 product = (unsigned __int128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^ (hash << 1);
}

static inline uint64_t intern_hash_bytes(uint64_t hash, const char *bytes, size_t size) {
    uint64_t word, next, other = intern_hash_word(~hash, size);
    hash = intern_hash_word(hash, size);
    for (; size >= 16; bytes += 16, size -= 16) { // two independent chains, so that the multiplications overlap
        memcpy(&word, bytes, 8);
        memcpy(&next, bytes + 8, 8);
        hash = intern_hash_word(hash, word);
        other = intern_hash_word(other, next);
    }
    hash = intern_hash_word(hash, other);
    if (size >= 8) {
        memcpy(&word, bytes, 8);
        hash = intern_hash_word(hash, word);
        bytes += 8, size -= 8;
    }
    word = 0;
    if (size > 0) {
        memcpy(&word, bytes, size);
    }
    return intern_hash_word(hash, word);
}

static inline uint32_t intern_hash_end(uint64_t hash) {
    hash = intern_hash_word(hash, hash >> 32);
    return (uint32_t)(hash ^ hash >> 32);
}

#endif
