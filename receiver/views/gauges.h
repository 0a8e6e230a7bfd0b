// gauges.h: the value of a gauge (memory in use, goroutines) over many uploads. 200 moments have no meaningful sum.
//
// It is the mean of all profiles that have the type, the last value, or the maximum. With several processes it is the value of one of them,
// or, summed, of all processes of one moment; a process that another one replaced is not counted beside it. An upload is current until the
// next one of its process starts. The last one is current after its end for as long as the process's usual silence: events may be shorter
// than the period.
//
//     mean    sum of all profiles by their count             summed: the sum by all that were read, times the concurrent processes
//     last    mean of each process's newest profile that     summed: their sum
//             is current at the start of the newest of all
//     max     the profile with the largest value             summed: the newest profiles at the moment with the largest sum
//
// Threads: any. Memory: malloc, by uploads; for max, and for last if the newest lack the type, also 100 bytes per gauge and upload.
#ifndef CMEMPROF_RECEIVER_GAUGES_H
#define CMEMPROF_RECEIVER_GAUGES_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gauges_value { GAUGES_MEAN, GAUGES_LAST, GAUGES_MAX };
extern const char *const gauges_names[]; // "mean", "last", "max", NULL
struct gauges {
    enum gauges_value value;
    bool summed;
};

struct upload_list; // upload_list.h
struct store;

// The average count of concurrent processes: the time in which uploads are current by the time that they span; at least 1. 0: no memory.
double gauges_at_once(const struct upload_list *list);
// Until when each upload of the list is current, unix ms. NULL: no memory; the caller frees it.
int64_t *gauges_current_until(const struct upload_list *list);

// Where to read values. table: the value of each gauge in each upload, from one pass over the newest UPLOAD_LIST_FILES of the list, made on
// first use.
struct gauges_source {
    struct store *store;
    const struct upload_list *list;
    const char *attachment;
    struct gauges_table *table; // NULL at first
};
void gauges_source_free(struct gauges_source *source); // frees the table

// The count of uploads with the type, from the table; 0: there is no table.
size_t gauges_having(const struct gauges_source *source, const char *type);
// The uploads that the value is taken from; free with upload_list_free. Skips uploads without the type. Keeps unreadable ones among the
// newest, so that they are reported.
enum receiver_error gauges_pick(struct gauges_source *source, struct gauges gauges, const char *type, struct upload_list *picked);

#endif
