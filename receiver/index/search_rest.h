// search_rest.h: what is known of tags that are not in memory (search.h): which conditions of a selection they meet.
//
// A search that depends on such tags has them read first, without the lock of the search (catalog_tags.c): search_query_ask lists the
// uploads, search_query_judge notes what the tags of one of them meet, and the search itself finds that here. The tags are not kept.
//
// Threads: the caller's. Memory: malloc, for each upload 8 bytes and one for each condition.
#ifndef CMEMPROF_RECEIVER_SEARCH_REST_H
#define CMEMPROF_RECEIVER_SEARCH_REST_H

#include "../base/json.h"

#include <stddef.h>
#include <stdint.h>

enum { SEARCH_REST_MAX = 4096 }; // uploads whose tags are read for one search: 0.1 s

// Zero-initialised: nothing is known.
struct search_rest {
    int64_t *ids; // rising
    size_t count;
    unsigned char *holds; // for each of them `width` bytes, one for each condition: whether a tag meets it
    size_t width;
    size_t not_looked_at; // uploads of which a search did not know it
};
void search_rest_free(struct search_rest *rest);
// NULL: the tags of that upload are not known.
unsigned char *search_rest_find(const struct search_rest *rest, int64_t id);
// "uploads_not_looked_at":N, a member of an object; nothing if there are none.
void search_rest_write(const struct search_rest *rest, struct json *json);

#endif
