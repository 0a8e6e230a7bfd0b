// metrics.h: figures of many uploads as series over time: those of their metrics.json and Java recordings (figures.h), and the measures of
// the index (measures.h).
//
// They are read from where they are kept (figures_store.h), a week of 16 hosts in a third of a second; what is not there yet from the
// files, of the METRICS_MAX_FILES newest such uploads at most. Both give the same answer. Series are in the order of their names, behind
// the measures.
//
// Threads: a struct metrics belongs to one. Memory: malloc, 8 bytes for each series and upload, of the views' budget (merge_budget_take);
// points take 16 more.
#ifndef CMEMPROF_RECEIVER_METRICS_H
#define CMEMPROF_RECEIVER_METRICS_H

#include "../../series/trend.h"
#include "sweep.h"

enum { METRICS_MAX_SERIES = 128, METRICS_MAX_NAME = 100, METRICS_MAX_POINTS = 500, METRICS_MAX_UPLOADS = 500000, METRICS_MAX_FILES = 5000 };

struct metrics_series {
    char name[METRICS_MAX_NAME];
    double *values;              // by upload of the list, as it is ordered; NAN: none
    size_t count;                // of values that are there
    struct series_point *points; // of metrics_make_points: those, at the ends of their uploads' events, by time
};
struct metrics {
    struct metrics_series series[METRICS_MAX_SERIES];
    size_t count, uploads;
    struct sweep_report report, json_report; // json_report: failures of metrics.json alone
};

enum receiver_error metrics_read(struct store *store, const struct upload_list *list, struct metrics **metrics);
// Returns false without memory. list: that was read.
bool metrics_make_points(struct metrics *metrics, const struct upload_list *list);
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
// Its parts: an object that stays open, and the member "points".
struct moments;
void metrics_begin_series(const struct metrics_series *series, struct moments *moments, bool summed, struct json *json);
void metrics_write_points(const struct series_point *points, size_t count, struct json *json);

#endif
