// gauges.h: what a gauge (memory in use, goroutines) of many uploads is: there is no sum of what was there at 200 moments.
//
// The mean of all profiles that have it; what is there last; or the most that was there. Of several processes that is the value of one of
// them, or, summed, that of all processes of one moment: a process that was followed by another is not there beside it. An upload stands
// until the next one of its process starts, the last one as long after its end as the process is silent at other times: events may be
// shorter than the period.
//
//     mean           sum of all profiles / profiles           summed: of all that were read, times the processes that report at once
//     last           the newest profile of each process that stands at the start of the newest one: their mean     summed: their sum
//     max            the profile with most of it              summed: the newest ones of the moment at which they have most together
//
// Threads: any. Memory: malloc, by uploads; for max also 100 bytes for each gauge of each upload.
#ifndef CMEMPROF_RECEIVER_GAUGES_H
#define CMEMPROF_RECEIVER_GAUGES_H

#include "receiver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gauges_value { GAUGES_MEAN, GAUGES_LAST, GAUGES_MAX };
extern const char *const gauges_names[]; // "mean", "last", "max", NULL
struct gauges {
    enum gauges_value value;
    bool summed;
};

struct merged_list; // merged.h
struct store;

// Time for which the uploads stand by the time in which that lies; 1 at least. 0: no memory.
double gauges_at_once(const struct merged_list *list);

// What each upload has of each gauge, for max: one pass over all files of the list. NULL: no memory.
struct gauges_table;
struct gauges_table *gauges_table_read(struct store *store, const struct merged_list *list, const char *attachment);
void gauges_table_free(struct gauges_table *table); // NULL is fine

// The uploads whose values are the type's, for merged_list_free. table: of this list, for max only.
enum receiver_error gauges_pick(const struct merged_list *list, struct gauges gauges, const struct gauges_table *table, const char *type,
                                struct merged_list *picked);

#endif
