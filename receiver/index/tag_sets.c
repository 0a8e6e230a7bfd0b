// tag_sets.c: a hash table of sets (tag_sets.h).
#include "tag_sets.h"
#include "../../base/fnv.h"
#include "../../base/vector.h"

#include <stdlib.h>
#include <string.h>

enum { NOWHERE = UINT32_MAX, LIST_BYTES = 24 }; // LIST_BYTES: of a set in the lists, which grow ahead

void tag_sets_free(struct tag_sets *sets) {
    for (uint32_t i = 0; i < sets->end; i++) {
        free(sets->list[i]);
    }
    free(sets->list);
    free(sets->heads);
    free(sets->unused);
    *sets = (struct tag_sets){0};
}

static size_t bytes_of(uint32_t tag_count) {
    return sizeof(struct tag_set) + tag_count * sizeof(uint32_t);
}

static uint32_t hash_of(const struct tag_set *set, const uint32_t *tags) {
    uint64_t hash = fnv64(FNV64_START, &set->process, sizeof set->process);
    hash = fnv64(hash, set->facets, sizeof set->facets);
    hash = fnv64(hash, &set->files, sizeof set->files);
    hash = fnv64(hash, tags, set->tag_count * sizeof *tags);
    return (uint32_t)(hash ^ hash >> 32);
}

static bool equal(const struct tag_set *set, const struct tag_set *other, const uint32_t *tags) {
    return set->process == other->process && set->files == other->files && set->has_rest == other->has_rest &&
           set->tag_count == other->tag_count && memcmp(set->facets, other->facets, sizeof set->facets) == 0 &&
           memcmp(set->tags, tags, set->tag_count * sizeof *tags) == 0;
}

static bool grow(struct tag_sets *sets) {
    uint32_t capacity = sets->capacity ? sets->capacity * 2 : 64;
    bool room = VECTOR_RESERVE(sets->list, sets->list_capacity, capacity) && VECTOR_RESERVE(sets->unused, sets->unused_capacity, capacity);
    uint32_t *heads = room ? malloc(capacity * sizeof *heads) : NULL;
    if (!heads) {
        return false;
    }
    free(sets->heads);
    memset(heads, 0xFF, capacity * sizeof *heads); // NOWHERE
    sets->heads = heads;
    sets->capacity = sets->head_count = capacity;
    for (uint32_t i = 0; i < sets->end; i++) {
        if (sets->list[i]) {
            uint32_t *head = &heads[sets->list[i]->hash & (capacity - 1)];
            sets->list[i]->next = *head;
            *head = i;
        }
    }
    return true;
}

// Returns false without memory.
static bool place(struct tag_sets *sets, uint32_t number, const struct tag_set *set, const uint32_t *tags, uint32_t hash, uint32_t uses) {
    struct tag_set *copy = malloc(bytes_of(set->tag_count));
    if (!copy) {
        return false;
    }
    uint32_t *head = &sets->heads[hash & (sets->head_count - 1)];
    *copy = *set;
    memcpy(copy->tags, tags, set->tag_count * sizeof *tags);
    copy->hash = hash;
    copy->uses = uses;
    copy->next = *head;
    *head = number;
    sets->list[number] = copy;
    sets->bytes += bytes_of(set->tag_count) + LIST_BYTES;
    return true;
}

uint32_t tag_sets_intern(struct tag_sets *sets, const struct tag_set *set, const uint32_t *tags, bool *fresh) {
    uint32_t hash = hash_of(set, tags);
    *fresh = false;
    for (uint32_t i = sets->head_count ? sets->heads[hash & (sets->head_count - 1)] : NOWHERE; i != NOWHERE; i = sets->list[i]->next) {
        if (sets->list[i]->hash == hash && equal(sets->list[i], set, tags)) {
            sets->list[i]->uses++;
            return i;
        }
    }
    if (sets->unused_count == 0 && sets->end == sets->capacity && !grow(sets)) {
        return TAG_SETS_FAILED;
    }
    uint32_t number = sets->unused_count ? sets->unused[sets->unused_count - 1] : sets->end;
    if (!place(sets, number, set, tags, hash, 1)) {
        return TAG_SETS_FAILED;
    }
    sets->unused_count -= number < sets->end;
    sets->end += number == sets->end;
    *fresh = true;
    return number;
}

bool tag_sets_restore(struct tag_sets *sets, const struct tag_set *set, const uint32_t *tags) {
    if (sets->end == sets->capacity && !grow(sets)) {
        return false;
    }
    if (set->uses == 0) {
        sets->list[sets->end] = NULL;
        sets->unused[sets->unused_count++] = sets->end;
    } else if (!place(sets, sets->end, set, tags, hash_of(set, tags), set->uses)) {
        return false;
    }
    sets->end++;
    return true;
}

struct tag_set *tag_sets_release(struct tag_sets *sets, uint32_t number) {
    struct tag_set *set = sets->list[number];
    if (--set->uses > 0) {
        return NULL;
    }
    uint32_t *link = &sets->heads[set->hash & (sets->head_count - 1)];
    while (*link != number) {
        link = &sets->list[*link]->next;
    }
    *link = set->next;
    sets->list[number] = NULL;
    sets->unused[sets->unused_count++] = number;
    sets->bytes -= bytes_of(set->tag_count) + LIST_BYTES;
    return set;
}
