// search.h: all uploads in memory, with what searches need: times, facets, tags, measures.
//
// Loaded at the start from SQLite (catalog.h), which has the same. Facets and tags are sets that uploads of a process share (tag_sets.h);
// numbers are packed columns (column.h). So a million uploads of 25 tags take 60 MB, and one pass over them 20 ms.
//
// A tag that each upload has for itself (profile_seq) is in no set: an upload has one of its own at most.
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
#include "column.h"
#include "marks.h"
#include "measures.h"
#include "selection.h"
#include "tag_sets.h"

enum search_column {
    SEARCH_ID,
    SEARCH_RECEIVED, // unix milliseconds
    SEARCH_START,    // the same
    SEARCH_LENGTH,   // end minus start
    SEARCH_SIZE,     // bytes
    SEARCH_SET,      // of sets
    SEARCH_OWN_TAG,  // of strings; 0: none
    SEARCH_MEASURED, // 1 or 0
    SEARCH_FIGURED,  // 1 or 0: its figures are kept (figures_store.h), or cannot be read
    SEARCH_COLUMNS
};

struct search {
    struct string_pool strings;
    struct tag_sets sets;
    struct column columns[SEARCH_COLUMNS];
    struct column measures[MEASURE_COUNT];
    size_t begin, end;         // rows, by id
    uint64_t size_bytes;       // of all uploads
    size_t limit_bytes;        // of memory; 0: none
    size_t rest_count;         // rows that have a rest
    bool keeps_rest;           // tags are elsewhere too: those beyond the limits need not be in memory
    const struct marks *marks; // what users have put on uploads; NULL: nothing
};

// One of them, unpacked.
struct search_row {
    int64_t id, received_ms, start_ms, end_ms;
    uint64_t size_bytes;
    struct measures measures;
    bool measured;
    const struct tag_set *set; // valid as long as nothing is removed
    uint32_t own_tag;
};
enum { SEARCH_ROW_TAGS = 128, SEARCH_TEXT_BYTES = 512, SEARCH_FREE_BYTES = 4 << 20 };
size_t search_bytes(const struct search *search); // what it takes in memory

void search_free(struct search *search); // zero-initialised is empty; keeps the limit, keeps_rest and marks
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
// These, which must rise; those that are not there are no matter. Costs a pass over the rows before or behind them, whichever are fewer.
// Returns false without memory: rows are not what they were then, and all are to be loaded again.
bool search_remove(struct search *search, const int64_t *ids, size_t count);
static inline int64_t search_at(const struct search *search, enum search_column column, size_t row) {
    return column_get(&search->columns[column], row);
}
static inline const struct tag_set *search_set_at(const struct search *search, size_t row) {
    return search->sets.list[search_at(search, SEARCH_SET, row)];
}
struct search_row search_row_at(const struct search *search, size_t row);
enum { SEARCH_NOWHERE = SIZE_MAX };
size_t search_find(const struct search *search, int64_t id); // a row; SEARCH_NOWHERE: there is none
void search_set_size(struct search *search, int64_t id, uint64_t size_bytes);
void search_measured(struct search *search, int64_t id, const struct measures *measures);
// Equal for uploads of one process: a hash of host, service, runtime-id and process_id. Every client sends runtime-id, which is new with
// each start; our old ones at least the process id.
static inline uint64_t search_process(const struct search *search, size_t row) {
    return search_set_at(search, row)->process;
}
uint64_t search_host(const struct search *search, size_t row); // equal for uploads of one host
// The newest upload of which SEARCH_MEASURED or SEARCH_FIGURED is 0; 0: there is none.
int64_t search_newest_without(const struct search *search, enum search_column column);
void search_set_figured(struct search *search, int64_t id);
void search_forget_figures(struct search *search); // no upload has SEARCH_FIGURED

// Whether a single upload is of the selection. tags: all, "k:v,k:v", overwritten; NULL: those in memory are all, or the others cannot be
// read: true if the answer depends on them. false also without memory.
bool search_matches(const struct search *search, size_t row, const struct selection *selection, char *tags);
struct search_rest;
// The rows of a selection, in their order, of which the caller frees *rows; at most the `limit` last ones, and *left_out counts the others.
bool search_rows(const struct search *search, const struct selection *selection, struct search_rest *rest, size_t limit, uint32_t **rows,
                 size_t *count, size_t *left_out);
// Ids of the selection in an order, after a cursor (NULL: from the start), at most limit; the caller frees them. total: the count of the
// whole selection. rest: of tags that are not in memory (search_rest.h), as below; counts there what the answer does not cover.
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
    const char *key;  // of a tag, by whose values there are means too (search_lines.h); NULL: none
};
bool search_histogram(const struct search *search, const struct selection *selection, struct search_rest *rest,
                      const struct search_buckets *wanted, struct json *json);

#endif
