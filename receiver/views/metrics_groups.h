// metrics_groups.h: series of metrics with a line for each value of a tag: of a mean over twelve hosts, the one that leaks.
//
// A series has the lines of the METRICS_LINES values with the highest point in it, each series its own, and one of all others together. A
// table has all values, up to METRICS_ROWS of them.
//
// Threads: the caller's. Memory: malloc, that of metrics_moments.h and 80 bytes for each value.
#ifndef CMEMPROF_RECEIVER_METRICS_GROUPS_H
#define CMEMPROF_RECEIVER_METRICS_GROUPS_H

#include "metrics.h"

// Lines that can be told apart; rows that a table has; points of a line: a chart is not wider.
enum { METRICS_LINES = 12, METRICS_ROWS = 1000, METRICS_GROUP_POINTS = 200 };

// The whole answer. The list's uploads have their groups (catalog_group).
enum receiver_error metrics_write_groups(const struct metrics *metrics, const struct upload_list *list, const struct search_groups *groups,
                                         bool summed, struct json *json);

#endif
