// content.h: what a profile says, told by a second, slow and simple reader: the yardstick of the fuzz targets.
//
// A sample is a 128-bit hash of all that makes it what it is (stack with functions, lines, columns, mapping without its address, labels
// in any order) and its values; samples of the same hash are added up. Ids, order and the layout of the string table are gone, so two
// profiles that mean the same have the same content.
// Threads: one. Memory: malloc, freed by content_free.
#ifndef CMEMPROF_MERGE_FUZZ_CONTENT_H
#define CMEMPROF_MERGE_FUZZ_CONTENT_H

#include "varint.h"

#define MAX_TYPES 64

struct key {
    uint64_t a, b;
};

struct cell {
    __int128 sum, size; // size: the sum of the amounts; above INT64_MAX the order of addition and saturation matters, nothing is compared
};

struct row {
    struct key key;
    struct cell cells[]; // one for each type, in the order of content.types
};

struct header {
    struct key period_type, drop_frames, keep_frames, default_type, doc_url, main_mapping;
    bool no_period_type; // both of its texts are empty
    int64_t period, time_ns;
    struct cell duration_ns;
    struct key *comments; // without doubles
    size_t comment_count;
    bool has_mapping;
};

// Numbers without doubles; full: there were more.
struct number_set {
    uint64_t items[256];
    size_t count;
    bool full;
};

struct content {
    struct key types[MAX_TYPES]; // type and unit, sorted
    struct key type_names[MAX_TYPES];
    struct span type_texts[MAX_TYPES]; // point into the bytes it was read from
    size_t type_count;
    struct row *rows; // sorted by key, row_bytes each
    size_t row_count, row_bytes;
    struct header header;
    size_t longest_text, deepest_sample, all_frames, sample_count;
    // Where mappings with a name start, and how far below it the addresses in them are: see content_loses_addresses.
    struct number_set starts, gaps;
    bool alike_mappings; // two of its mappings have the same content: samples that the library tells apart are one here
};

// raw is not compressed. False: not a profile, by the strict rules of merge.h.
bool content_read(struct content *content, const uint8_t *raw, size_t size);
void content_free(struct content *content);

struct row *content_row(const struct content *content, size_t index);
const struct row *content_find(const struct content *content, struct key key); // NULL: none
struct key key_of_text(struct span text);
void number_set_add(struct number_set *set, uint64_t number);
static inline bool key_same(struct key a, struct key b) {
    return a.a == b.a && a.b == b.b;
}

// An address that lies outside of its mapping can become 0, which is no address, where the mapping of another profile starts elsewhere.
// google/pprof does the same. Then the two cannot be compared with their merge.
bool content_loses_addresses(const struct content *a, const struct content *b);
bool content_same_types(const struct content *a, const struct content *b);
bool content_same_period(const struct content *a, const struct content *b); // the period types; one that is missing fits any
// Adds what a merge adds. Both have the same types.
void content_add(struct content *sum, const struct content *more);
// Drops rows of zeros. NULL: a and b are the same; else what differs.
const char *content_difference(const struct content *a, const struct content *b);

#endif
