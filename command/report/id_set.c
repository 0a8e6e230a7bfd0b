// id_set.c: open addressing, linear probing, at most half full (id_set.h).
#include "id_set.h"
#include "../../merge/check.h"

#include <stdlib.h>
#include <string.h>

struct id_slot {
    uint32_t hash, id;
};

// Hashes eight bytes per step with splitmix64's mixing. Not resistant to crafted collisions: users process their own files.
static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

uint64_t id_set_hash(uint64_t hash, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    uint64_t word;
    hash = mix(hash, size);
    for (; size >= sizeof word; size -= sizeof word, from += sizeof word) {
        memcpy(&word, from, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    if (size > 0) {
        memcpy(&word, from, size);
    }
    return mix(hash, word);
}

uint32_t id_set_find(const struct id_set *set, uint64_t hash, bool (*same)(const void *context, uint32_t id, const void *thing),
                     const void *context, const void *thing) {
    if (set->capacity == 0) {
        return ID_NONE;
    }
    for (size_t at = hash & (set->capacity - 1); set->slots[at].id != ID_NONE; at = (at + 1) & (set->capacity - 1)) {
        if (set->slots[at].hash == (uint32_t)hash && same(context, set->slots[at].id, thing)) {
            return set->slots[at].id;
        }
    }
    return ID_NONE;
}

static void put(struct id_set *set, struct id_slot slot) {
    size_t at = slot.hash & (set->capacity - 1);
    while (set->slots[at].id != ID_NONE) {
        at = (at + 1) & (set->capacity - 1);
    }
    set->slots[at] = slot;
}

static bool grow(struct id_set *set) {
    struct id_set larger = {.capacity = set->capacity ? 2 * set->capacity : 64, .count = set->count};
    larger.slots = malloc(larger.capacity * sizeof *larger.slots);
    if (!larger.slots) {
        return false;
    }
    memset(larger.slots, 0xFF, larger.capacity * sizeof *larger.slots); // ids are ID_NONE
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i].id != ID_NONE) {
            put(&larger, set->slots[i]);
        }
    }
    free(set->slots);
    *set = larger;
    return true;
}

bool id_set_add(struct id_set *set, uint64_t hash, uint32_t id) {
    CHECK(id != ID_NONE);
    if (2 * (set->count + 1) > set->capacity && !grow(set)) {
        return false;
    }
    put(set, (struct id_slot){(uint32_t)hash, id});
    set->count++;
    return true;
}

void id_set_free(struct id_set *set) {
    free(set->slots);
    *set = (struct id_set){0};
}
