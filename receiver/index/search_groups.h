// search_groups.h: tells the uploads in memory apart by the values that they have for one key of a tag: host, version, region.
//
// A named facet counts as its value. Several tags of the key are one value, "a,b". Uploads without the key are one value, and so are those
// of which it is not known, since not all of their tags are in memory (search.h), and those beyond SEARCH_GROUPS_MAX values.
//
// Threads: the caller's, under the lock of the search for search_groups_of. Memory: malloc, 80 bytes and the text for each value, and 4
// for each set of tags.
#ifndef CMEMPROF_RECEIVER_SEARCH_GROUPS_H
#define CMEMPROF_RECEIVER_SEARCH_GROUPS_H

#include "search.h"

enum { SEARCH_GROUPS_MAX = 10000, SEARCH_GROUP_BYTES = 201 }; // values; of one, the rest of its text is cut

// The values of those that are not told apart by one of their own.
#define SEARCH_GROUP_NONE "(none)"
#define SEARCH_GROUP_UNKNOWN "(not looked at)"
#define SEARCH_GROUP_OTHERS "(others)"

struct search_groups { // initialise with search_groups_init
    const char *key;
    int facet;                 // or -1
    struct string_pool values; // by the numbers of search_groups_of
    uint32_t *of_sets;         // by set; 0: not asked yet
    size_t set_count;
    size_t unknown, beyond; // uploads that were asked for and are SEARCH_GROUP_UNKNOWN, SEARCH_GROUP_OTHERS
};
void search_groups_init(struct search_groups *groups, const char *key); // the key is the caller's
void search_groups_free(struct search_groups *groups);
// Call before the first row, each time the lock was taken. Returns false without memory.
bool search_groups_begin(struct search_groups *groups, const struct search *search);
// The number of an upload's value, from 1; 0: no memory.
uint32_t search_groups_of(struct search_groups *groups, const struct search *search, size_t row);
uint32_t search_groups_none(struct search_groups *groups); // that of uploads without the key; 0: no memory
static inline const char *search_groups_text(const struct search_groups *groups, uint32_t number) {
    return string_pool_text(&groups->values, number);
}
static inline uint32_t search_groups_count(const struct search_groups *groups) {
    return groups->values.end > 0 ? groups->values.end - 1 : 0;
}

#endif
