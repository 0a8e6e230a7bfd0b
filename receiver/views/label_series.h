// label_series.h: the measures of uploads (measures.h) over time by the values of a label of their samples: which tenant, endpoint or
// thread takes the CPU time and has the memory.
//
// The samples of a profile are added up by value, and from these sums measures are made as from those of all. So the lines of a measure add
// up to the measure. An upload's value holds from its start until the next upload of its process (gauges_current_until). Time is in columns
// of equal length; a column has the mean of the processes of which the measure is known, by how long each was there, or their sum.
//
// A value of a label is named as in a tree (profile_group_by), cut to LABEL_SERIES_BYTES. So many values are told apart, in the order in
// which they come; what further ones have is added up with those without a line of their own, and not counted.
//
// Threads: a struct label_series belongs to one; two are added up at the end. Memory: malloc, 8 bytes for each column, measure that is
// there and value, 23 MB at most.
#ifndef CMEMPROF_RECEIVER_LABEL_SERIES_H
#define CMEMPROF_RECEIVER_LABEL_SERIES_H

#include "metrics_groups.h"

enum { LABEL_SERIES_VALUES = 2000, LABEL_SERIES_BYTES = 200 };

struct label_id {
    int64_t id;
    size_t at; // in the list
};
// When the values of uploads hold, and in how many columns.
struct label_times {
    int64_t from_ms, to_ms; // unix; from < to
    size_t columns;         // 1 to METRICS_GROUP_POINTS
    const struct upload_list *list;
    int64_t *until_ms;    // of each of the list
    struct label_id *ids; // their places by id
};
// The list must outlive it, and is of possible times (timeline_leave_out). RECEIVER_NO_MEMORY.
enum receiver_error label_times_of(const struct upload_list *list, struct label_times *times);
void label_times_free(struct label_times *times);

struct label_series;
// Both must outlive it. NULL: no memory.
struct label_series *label_series_new(const char *key, const struct label_times *times);
void label_series_free(struct label_series *series); // NULL is allowed
// An attachment of one of the uploads; of others nothing is added. RECEIVER_BAD_UPLOAD: text has the fault.
enum receiver_error label_series_add(struct label_series *series, int64_t id, const char *name, const void *bytes, size_t size, char *text,
                                     size_t text_size);
bool label_series_merge(struct label_series *series, const struct label_series *other); // false: no memory
// Writes the members "series", "without" and "group" into an open object. False: no memory.
bool label_series_write(const struct label_series *series, bool summed, struct json *json);

#endif
