// tag_sets.h: gives each distinct set of facets, tags and names of attachments one small number, with a reference count, as string_pool.h
// does for texts.
//
// A process sends the same tags with every upload, but for a few such as profile_seq, which an upload has for itself (search.h). So most
// uploads in memory are a few numbers, and what a search asks of tags it asks once of a set.
//
// Threads: guarded by the owner. Memory: malloc, 90 bytes and 4 for each tag of a distinct set.
#ifndef CMEMPROF_RECEIVER_TAG_SETS_H
#define CMEMPROF_RECEIVER_TAG_SETS_H

#include "selection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tag_set {
    uint64_t process; // search_process
    uint32_t facets[FACET_COUNT];
    uint32_t hash, next, uses; // next: in its chain
    uint32_t tag_count;
    uint32_t files; // string: names of attachments, a line each; 0: in SQLite alone
    bool has_rest;  // some tags are not in memory
    uint32_t tags[];
};
struct tag_sets {          // zero-initialised: empty
    struct tag_set **list; // by number; NULL: unused
    uint32_t *heads, *unused;
    uint32_t end, capacity, head_count, unused_count; // numbers begin at 0
    size_t list_capacity, unused_capacity, bytes;
};

void tag_sets_free(struct tag_sets *sets);
// Adds a reference to the set that equals *set, whose tags are given beside it. Returns its number and whether it is a new one, whose
// strings are the pool's to keep; TAG_SETS_FAILED: no memory.
#define TAG_SETS_FAILED UINT32_MAX
uint32_t tag_sets_intern(struct tag_sets *sets, const struct tag_set *set, const uint32_t *tags, bool *fresh);
// Removes a reference. Of the last one the set is returned, which is the caller's to free; else NULL.
struct tag_set *tag_sets_release(struct tag_sets *sets, uint32_t number);

// Puts a set back at the end of the numbers, with its references; uses 0: an unused number. Returns false without memory.
bool tag_sets_restore(struct tag_sets *sets, const struct tag_set *set, const uint32_t *tags);

static inline const struct tag_set *tag_sets_at(const struct tag_sets *sets, uint32_t number) {
    return sets->list[number];
}

#endif
