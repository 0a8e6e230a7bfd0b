// content.h: the content of a profile, read by a second, slow and simple reader: the reference of the fuzz targets.
//
// A sample is its values and a 128-bit hash of its identity (stack with functions, lines, columns, mapping without its address, labels
// in any order); samples with the same hash are summed. Ids, order and the layout of the string table are dropped, so that equivalent
// profiles have the same content.
// Threads: one. Memory: malloc, freed by content_free.
#ifndef CMEMPROF_MERGE_FUZZ_CONTENT_H
#define CMEMPROF_MERGE_FUZZ_CONTENT_H

#include "varint.h"

#define MAX_TYPES 64

struct key {
    uint64_t a, b;
};

struct cell {
    __int128 sum, size; // size: sum of absolute values; above INT64_MAX results depend on the order of addition and are not compared
};

struct row {
    struct key key;
    struct cell cells[]; // one per type, in the order of content.types
};

struct header {
    struct key period_type, drop_frames, keep_frames, default_type, doc_url, main_mapping;
    bool no_period_type; // both of its strings are empty
    int64_t period, time_ns;
    struct cell duration_ns;
    struct key *comments; // without duplicates
    size_t comment_count;
    bool has_mapping;
};

// A bounded set; full: there were more numbers.
struct number_set {
    uint64_t items[256];
    size_t count;
    bool full;
};

struct content {
    struct key types[MAX_TYPES]; // type and unit, sorted
    struct key type_names[MAX_TYPES];
    struct span type_texts[MAX_TYPES]; // point into the input
    size_t type_count;
    struct row *rows; // sorted by key, row_bytes each
    size_t row_count, row_bytes;
    struct header header;
    size_t longest_text, deepest_sample, all_frames, sample_count;
    // Start addresses of named mappings, and distances of lower addresses in them: see content_loses_addresses.
    struct number_set starts, gaps;
    bool alike_mappings; // two of its mappings have the same content: samples that the library distinguishes are merged here
};

// raw must be uncompressed. False: not a profile, by the strict rules of merge.h.
bool content_read(struct content *content, const uint8_t *raw, size_t size);
void content_free(struct content *content);

struct row *content_row(const struct content *content, size_t index);
const struct row *content_find(const struct content *content, struct key key); // NULL: none
struct key key_of_text(struct span text);
void number_set_add(struct number_set *set, uint64_t number);
static inline bool key_same(struct key a, struct key b) {
    return a.a == b.a && a.b == b.b;
}

// An address outside of its mapping may be shifted to 0, which means no address, if another profile's mapping starts elsewhere (also in
// google/pprof). The two cannot be compared with their merge then.
bool content_loses_addresses(const struct content *a, const struct content *b);
bool content_same_types(const struct content *a, const struct content *b);
bool content_same_period(const struct content *a, const struct content *b); // compares period types; a missing one matches any
// Adds `more` as a merge does. Both must have the same types.
void content_add(struct content *sum, const struct content *more);
// Drops rows of zeros. NULL: a and b are equal; else the difference.
const char *content_difference(const struct content *a, const struct content *b);

#endif
