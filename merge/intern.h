// intern.h: a hash table from content to the dense id of that content.
//
// It knows hashes and ids only; the content lies with the owner, who compares it in full: a hash finds candidates, it never decides.
// Hashes are seeded at random for each profile, so that an upload cannot be built to make all its entries collide. Ids come out in the
// order in which things were added, whatever the seed is. Nothing is ever removed.
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
    // Of an ordered table, NULL for others: the id that came after each id the last time (that of 0 came first), and the last one found.
    uint32_t *after;
    uint32_t last;
};

// False: no memory; the table is as it was.
bool intern_add(struct intern *table, uint32_t hash, uint32_t id);
void intern_free(struct intern *table);
uint64_t intern_seed(void);

// equal(context, id, key): is the content of id that of key?
typedef bool intern_equal(const void *context, uint32_t id, const void *key);

// The id, or 0. Inline, so that equal is too.
static inline uint32_t intern_find(const struct intern *table, uint32_t hash, intern_equal *equal, const void *context, const void *key) {
    if (!table->slots)
        return 0;
    for (uint32_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        const struct intern_slot *slot = &table->slots[at];
        if (slot->id == 0)
            return 0;
        if (slot->hash == hash && equal(context, slot->id, key))
            return slot->id;
    }
}

// An input mostly has things in the order in which the input before had them. So an ordered table, one whose ids are 1, 2, 3, ..., tries
// the id that came after the last one found first, by its content and without a hash: two profiles of one process, a period apart, need a
// hash for few of their entries. What is new is put between the two where it came, what has moved is found by its hash once. False: no
// memory.
bool intern_order(struct intern *table);
static inline void intern_rewind(struct intern *table) { // an input begins
    table->last = 0;
}

// 0: it is another one, or there is no order.
static inline uint32_t intern_guess(struct intern *table, intern_equal *equal, const void *context, const void *key) {
    uint32_t id = table->after ? table->after[table->last] : 0;
    if (id == 0 || !equal(context, id, key))
        return 0;
    return table->last = id;
}

// intern_find that learns the order.
static inline uint32_t intern_find_next(struct intern *table, uint32_t hash, intern_equal *equal, const void *context, const void *key) {
    uint32_t id = intern_find(table, hash, equal, context, key);
    if (id != 0 && table->after)
        table->last = table->after[table->last] = id;
    return id;
}

// A look-up in three steps, for many keys at once: the first two only fetch what the third, intern_find_next, will read. Where a table is
// larger than the cache the waits of all keys are one wait. The first step, with the hash:
static inline void intern_fetch(const struct intern *table, uint32_t hash) {
    if (table->slots)
        __builtin_prefetch(&table->slots[hash & table->mask]);
}
// The second: an id of this hash, not compared, whose content the caller fetches. 0: none.
static inline uint32_t intern_likely(const struct intern *table, uint32_t hash) {
    uint32_t at = hash & table->mask;
    while (table->slots && table->slots[at].id != 0 && table->slots[at].hash != hash)
        at = (at + 1) & table->mask;
    return table->slots ? table->slots[at].id : 0;
}

// One multiplication of 64 x 64 bits folded to 64 for each word: fast, and unpredictable without the seed.
static inline uint64_t intern_hash_word(uint64_t hash, uint64_t word) {
    unsigned __int128 product = (unsigned __int128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^ (hash << 1);
}

static inline uint64_t intern_hash_bytes(uint64_t hash, const char *bytes, size_t size) {
    uint64_t word, next, other = intern_hash_word(~hash, size);
    hash = intern_hash_word(hash, size);
    for (; size >= 16; bytes += 16, size -= 16) { // two chains: one multiplication need not wait for the other
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
    if (size > 0)
        memcpy(&word, bytes, size);
    return intern_hash_word(hash, word);
}

static inline uint32_t intern_hash_end(uint64_t hash) {
    hash = intern_hash_word(hash, hash >> 32);
    return (uint32_t)(hash ^ hash >> 32);
}

#endif
