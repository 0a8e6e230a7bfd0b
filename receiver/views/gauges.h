// gauges.h: what a gauge (memory in use, goroutines) of many uploads is: there is no sum of what was there at 200 moments.
//
// The mean of all profiles that have it; what is there last; or the most that was there. Of several processes that is the value of one of
// them, or, summed, that of all processes of one moment: a process that was followed by another is not there beside it. An upload stands
// until the next one of its process starts, the last one as long after its end as the process is silent at other times: events may be
// shorter than the period.
//
//     mean           sum of all profiles / profiles           summed: of all that were read, times the processes that report at once
//     last           the newest profile of each process that stands at the start of the newest one: their mean     summed: their sum
//                    (of those that have it)
//     max            the profile with most of it              summed: the newest ones of the moment at which they have most together
//
// Threads: any. Memory: malloc, by uploads; for max, and for last where the newest lack it, also 100 bytes for each
// gauge of each upload.
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

// Time for which the uploads stand by the time in which that lies; 1 at least. 0: no memory.
double gauges_at_once(const struct upload_list *list);

// Where they are read. table: what each upload has of each gauge, from one pass over all files of the list, made when it is needed first.
struct gauges_source {
    struct store *store;
    const struct upload_list *list;
    const char *attachment;
    struct gauges_table *table; // NULL at first
};
void gauges_source_free(struct gauges_source *source); // what it has read

// How many uploads of the list have the type, from the table; 0: there is none.
size_t gauges_having(const struct gauges_source *source, const char *type);
// The uploads whose values are the type's, for upload_list_free. What lacks the type is passed over; what cannot be read is not, where the
// newest ones are asked for, so that it is said.
enum receiver_error gauges_pick(struct gauges_source *source, struct gauges gauges, const char *type, struct upload_list *picked);

#endif
