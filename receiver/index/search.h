// search.h: all uploads in memory, as far as searches ask for them: times, facets, tags, measures.
//
// SQLite holds the same (catalog.h) and outlives the program; this is filled from it at the start. One pass over plain numbers answers what
// would be a join of uploads with their tags: 100,000 uploads of 25 tags are 25 MB here, and counting all facets takes some 10 ms.
//
// Threads: guarded by whoever owns it (catalog.c); all but add, remove and measure only read. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_SEARCH_H
#define CMEMPROF_RECEIVER_SEARCH_H

#include "../base/json.h"
#include "../base/string_pool.h"
#include "measures.h"
#include "selection.h"

struct search_row {
    int64_t id, received_ms, start_ms, end_ms;
    uint64_t size_bytes;
    struct measures measures;
    bool measured;
    uint32_t facets[FACET_COUNT]; // strings: values
    uint32_t *tags;               // strings: whole tags
    uint32_t tag_count;
};

struct search {
    struct string_pool strings;
    struct search_row *rows; // by id
    size_t begin, end, capacity;
    uint64_t size_bytes; // of all uploads
};

void search_free(struct search *search); // zero-initialised is an empty one
// Ids must grow. facets: NULL where there is none; tags: "k:v,k:v". measures NULL: not known yet. False: no memory, nothing changed.
struct search_new {
    int64_t id, received_ms, start_ms, end_ms;
    uint64_t size_bytes;
    const char *facets[FACET_COUNT], *tags;
    const struct measures *measures;
};
bool search_add(struct search *search, const struct search_new *upload);
bool search_reserve(struct search *search, size_t more); // room for that many more rows, so that adding them is less likely to fail
void search_remove_oldest(struct search *search);
const struct search_row *search_find(const struct search *search, int64_t id);
void search_measured(struct search *search, int64_t id, const struct measures *measures);
// The same for uploads of one process: of host, service, runtime-id and process_id. Every client sends runtime-id, which is new with each
// start; our old ones at least the process id.
uint64_t search_process(const struct search *search, const struct search_row *row);
int64_t search_unmeasured(const struct search *search); // the newest upload whose measures are not known; 0: none

bool search_matches(const struct search *search, const struct search_row *row, const struct selection *selection); // no memory: false
// Ids of the selection in an order, those behind a cursor (NULL: all): at most limit, the caller frees them. total: all of the selection.
struct search_order;
struct search_cursor; // search_order.h
bool search_select(const struct search *search, const struct selection *selection, const struct search_order *order,
                   const struct search_cursor *after, size_t limit, int64_t **ids, size_t *count, size_t *total);
struct search_values {
    const char *find; // only values that have it in them, and all of facets whose name has it; NULL: all
    size_t max;       // of a facet
};
enum { SEARCH_VALUES_DEFAULT = 50, SEARCH_VALUES_MAX = 1000 };
// {"facets":[...]} and {"from_ms":...}: docs/receiver.md. False: no memory.
bool search_facets(const struct search *search, const struct selection *selection, const struct search_values *wanted, struct json *json);
struct search_buckets {
    int max;          // of round widths: 1 s, 5 min, 1 d
    int64_t shift_ms; // their limits are whole multiples of their width from this moment on: days begin where the one who asks has midnight
    int measure;      // or -1: none
    int otherwise;    // where no upload of the selection has the measure: another one, or -1
};
bool search_histogram(const struct search *search, const struct selection *selection, const struct search_buckets *wanted,
                      struct json *json);

#endif
