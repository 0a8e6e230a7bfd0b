// search.h: all uploads in memory, with what searches need: times, facets, tags, measures.
//
// Loaded at the start from SQLite (catalog.h), which has the same. One pass over plain numbers replaces a join of uploads with their tags:
// 100,000 uploads of 25 tags take 25 MB, and counting all facets takes about 10 ms.
//
// Memory is bounded also if every tag is unique. Texts may take SEARCH_TEXT_BYTES for each upload, beside SEARCH_FREE_BYTES for all, and an
// upload has SEARCH_ROW_TAGS tags in memory at most. The rest is in SQLite alone; a search whose answer depends on it has it read there
// first, about 25 us for each such upload (search_rest.h). Beyond limit_bytes in all, the oldest uploads are to be removed
// (catalog_remove_oldest).
//
// Threads: guarded by the owner (catalog.c); all but add, remove and measure only read. Memory: malloc.
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
    bool measured, has_rest;      // has_rest: some tags are not in memory
    uint64_t process;             // search_process
    uint32_t facets[FACET_COUNT]; // strings: values
    uint32_t *tags;               // strings: whole tags, NULL: none
    uint32_t tag_count;
    uint32_t files; // string: names of attachments, a line each; 0: in SQLite alone
};

struct search {
    struct string_pool strings;
    struct search_row *rows; // by id
    size_t begin, end, capacity;
    uint64_t size_bytes;   // of all uploads
    size_t tag_count;      // of all rows
    size_t limit_bytes;    // of memory; 0: none
    size_t rest_count;     // rows that have a rest
    int64_t measured_from; // rows from this id on are measured; 0: all
    bool keeps_rest;       // tags are elsewhere too: those beyond the limits need not be in memory
};
enum { SEARCH_ROW_TAGS = 128, SEARCH_TEXT_BYTES = 512, SEARCH_FREE_BYTES = 4 << 20 };
size_t search_bytes(const struct search *search); // what it takes in memory

void search_free(struct search *search); // zero-initialised is empty; keeps the limit and keeps_rest
// Ids must increase. facets: NULL: none; tags: "k:v,k:v". measures NULL: not known yet. Returns false without memory; nothing has changed
// then.
struct search_new {
    int64_t id, received_ms, start_ms, end_ms;
    uint64_t size_bytes;
    const char *facets[FACET_COUNT], *tags;
    const char *files; // names of attachments, a line each; NULL: not known
    const struct measures *measures;
};
bool search_add(struct search *search, const struct search_new *upload);
bool search_reserve(struct search *search,
                    size_t more); // reserves capacity for that many more rows, so that adding them is less likely to fail
void search_remove_oldest(struct search *search);
const struct search_row *search_find(const struct search *search, int64_t id);
void search_measured(struct search *search, int64_t id, const struct measures *measures);
// Equal for uploads of one process: a hash of host, service, runtime-id and process_id. Every client sends runtime-id, which is new with
// each start; our old ones at least the process id.
uint64_t search_process(const struct search_row *row);
uint64_t search_host(const struct search *search, const struct search_row *row); // equal for uploads of one host
int64_t search_unmeasured(const struct search *search);                          // the newest upload without measures; 0: none

// Whether a single upload is of the selection. tags: all, "k:v,k:v", overwritten; NULL: those in memory are all, or the others cannot be
// read: true if the answer depends on them. false also without memory.
bool search_matches(const struct search *search, const struct search_row *row, const struct selection *selection, char *tags);
// Ids of the selection in an order, after a cursor (NULL: from the start), at most limit; the caller frees them. total: the count of the
// whole selection. rest: of tags that are not in memory (search_rest.h), as below; counts there what the answer does not cover.
struct search_rest;
struct search_order;
struct search_cursor; // search_order.h
bool search_select(const struct search *search, const struct selection *selection, struct search_rest *rest,
                   const struct search_order *order, const struct search_cursor *after, size_t limit, int64_t **ids, size_t *count,
                   size_t *total);
struct search_values {
    const char *find; // only values that contain it, and all of facets whose name does; NULL: all
    size_t max;       // per facet
};
enum { SEARCH_VALUES_DEFAULT = 50, SEARCH_VALUES_MAX = 1000 };
// {"facets":[...]} and {"from_ms":...}: docs/receiver.md. Return false without memory. Facets do without the tags that are not in memory.
bool search_facets(const struct search *search, const struct selection *selection, const struct search_values *wanted, struct json *json);
struct search_buckets {
    int max;          // of round widths: 1 s, 5 min, 1 d
    int64_t shift_ms; // bucket limits are multiples of their width from this moment, so that days begin at the client's midnight
    int measure;      // or -1: none
    int otherwise;    // a fallback if no upload of the selection has the measure, or -1
};
bool search_histogram(const struct search *search, const struct selection *selection, struct search_rest *rest,
                      const struct search_buckets *wanted, struct json *json);

#endif
