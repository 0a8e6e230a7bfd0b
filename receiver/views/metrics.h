// metrics.h: figures of many uploads as series over time: those of their metrics.json, and the measures of the index (measures.h).
//
// metrics.json is an array of [name, number] pairs, as the clients for Go send it. At most 128 names are read.
//
// Threads: a struct metrics belongs to one. Memory: malloc, 24 bytes per point, at the end of the upload's event.
#ifndef CMEMPROF_RECEIVER_METRICS_H
#define CMEMPROF_RECEIVER_METRICS_H

#include "../../series/trend.h"
#include "sweep.h"

enum { METRICS_MAX_SERIES = 128, METRICS_MAX_NAME = 100, METRICS_MAX_POINTS = 500 };

struct metrics_series {
    char name[METRICS_MAX_NAME];
    struct series_point *points; // by time
    size_t *uploads;             // of each point: index in the list
    size_t count, capacity, upload_capacity;
};
struct metrics {
    struct metrics_series series[METRICS_MAX_SERIES];
    size_t count;
    struct sweep_report report;
};

enum receiver_error metrics_read(struct store *store, const struct upload_list *list, struct metrics **metrics);
void metrics_free(struct metrics *metrics); // NULL is allowed
// NULL: no upload has that figure.
const struct metrics_series *metrics_find(const struct metrics *metrics, const char *name);

// Whose a figure is, and so how the uploads and processes of a moment have one value (metrics_moments.h).
enum metrics_kind {
    METRICS_OF_PROCESS,   // an amount, a rate or a share of one process
    METRICS_OF_CONTAINER, // memory_cgroup_*, memory_limit_*: one account for all processes of a cgroup
    METRICS_CODE,         // c_verdict: a number that names something
    METRICS_OF_CODE,      // c_verdict_bytes: what the code of the same upload is about
    METRICS_FLAG,         // memory_incomplete: 1 or 0
    METRICS_IDENTITY,     // memory_cgroup_id: tells cgroups apart, and is no figure over time
};
enum metrics_kind metrics_kind(const char *name);
const char *metrics_unit(const char *name); // by the name: "bytes" of "c_profiler_bytes"; "" if unknown
// The whole answer; list: that was read. Concurrent processes are one value: their mean or, summed, their sum, as the figure's kind allows
// (metrics_moments.h).
enum receiver_error metrics_write(const struct metrics *metrics, const struct upload_list *list, bool summed, struct json *json);

#endif
