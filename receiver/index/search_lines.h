// search_lines.h: the lines of a histogram by the values of a tag: means over time of the values that are highest, and of all others
// together. For search_facets.c only.
//
// Threads: the caller's, under the lock of the search. Memory: malloc, 32 bytes for each value and bucket, so 32 MB of
// SEARCH_GROUPS_MAX values in SEARCH_LINES_BUCKETS.
#ifndef CMEMPROF_RECEIVER_SEARCH_LINES_H
#define CMEMPROF_RECEIVER_SEARCH_LINES_H

#include "search_groups.h"

enum { SEARCH_LINES = 12, SEARCH_LINES_BUCKETS = 100 }; // as many lines as charts of metrics have (metrics_groups.h)

struct search_mean {
    int64_t measured;
    double sum;
};
// Whether the upload has the measure; -1: none is asked for.
bool search_mean_add(struct search_mean *mean, const struct search *search, size_t row, int measure);
double search_mean_of(const struct search_mean *mean); // NAN: of nothing

// The measure that is asked for, and the one in its place.
struct search_means {
    struct search_mean measure, otherwise;
};

struct search_lines {
    struct search_groups groups;
    struct search_means *means; // of each value for each bucket
    size_t capacity, buckets;
};
// Returns false without memory. The key is the caller's.
bool search_lines_init(struct search_lines *lines, const struct search *search, const char *key, size_t buckets);
void search_lines_free(struct search_lines *lines);
bool search_lines_add(struct search_lines *lines, const struct search *search, size_t row, size_t bucket, int measure, int otherwise);
// The members "groups" and "others" of an open object, of so many buckets. Returns false without memory.
bool search_lines_write(const struct search_lines *lines, bool otherwise, size_t count, struct json *json);

#endif
