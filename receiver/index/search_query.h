// search_query.h: a selection prepared for one pass over the uploads in memory. For search.c and search_facets.c only.
//
// Threads: the caller's, under the lock of the search, but for search_query_judge. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_SEARCH_QUERY_H
#define CMEMPROF_RECEIVER_SEARCH_QUERY_H

#include "query_text.h"
#include "search.h"
#include "search_rest.h"

// All values of one facet, or of one tag key; one of them must match.
struct search_group {
    int facet;       // or -1: a tag key
    const char *key; // of a tag, up to the colon
    size_t key_length;
    uint32_t *strings; // 0: uploads without the facet
    size_t count;
};

struct search_query {
    const struct search *search;
    const struct selection *selection;
    struct search_group *groups;
    size_t group_count;
    struct query_text text;
    unsigned char *marks;   // of the text, by string, for each term: SEARCH_IS_TAG, and SEARCH_IS_VALUE << facet; NULL: not made
    unsigned char *of_sets; // for each set and condition: whether its tags meet it, an answer and 1; 0: not asked yet. NULL: not kept
    int64_t *ids;           // sorted
    uint32_t nowhere;       // a number that no string has
    bool one_may_fail;      // uploads of which one group alone fails are wanted too
    struct search_rest *rest;
};

enum { SEARCH_ALL_HOLD = -1, SEARCH_NO_MATCH = -2 };
enum { SEARCH_IS_TAG = 1, SEARCH_IS_VALUE = 2 };

// rest: what is known of tags that are not in memory; must outlive the query. Returns false without memory.
bool search_query_init(struct search_query *query, const struct search *search, const struct selection *selection,
                       struct search_rest *rest);
// The same for a single upload: it compares texts, since marking all strings would take longer than scanning its tags.
bool search_query_init_one(struct search_query *query, const struct search *search, const struct selection *selection,
                           struct search_rest *rest);
void search_query_free(struct search_query *query);
// Returns SEARCH_ALL_HOLD, or the index of the only group that fails, or SEARCH_NO_MATCH. The latter also if it depends on tags of which
// nothing is known, which rest->not_looked_at counts.
int search_query_match(const struct search_query *query, size_t row);
// Lists in rest the uploads whose matching depends on their tags: of too many the newest SEARCH_REST_MAX. false: no memory.
bool search_query_ask(struct search_query *query);
// Notes which conditions the tags of an upload, "k:v,k:v", meet. Overwrites tags. Needs no lock.
void search_query_judge(const struct search_query *query, char *tags, unsigned char *holds);

#endif
