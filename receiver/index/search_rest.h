// search_rest.h: the tags of an upload that are not in memory (search.h), read from the database when a search needs them.
//
// Threads: the caller's, under the lock of the search. Memory: malloc, the tags of one upload.
#ifndef CMEMPROF_RECEIVER_SEARCH_REST_H
#define CMEMPROF_RECEIVER_SEARCH_REST_H

#include "search.h"

// Zero-initialised: not read yet. All tags, also those in memory.
struct search_rest {
    bool is_read;
    char *tags; // "k:v\0k:v\0"
    size_t size;
};
void search_rest_free(struct search_rest *rest);
// The next tag after one (NULL: the first). NULL: there is none more, or all tags of the row are in memory, or they cannot be read.
const char *search_rest_next(const struct search *search, const struct search_row *row, struct search_rest *rest, const char *after);

#endif
