// metrics_moments.h: series of metrics at common moments, where the concurrent processes of a moment have one value.
//
// The moments are the ends of all uploads, or so many moments of equal distance if there are more. A process has a value from
// the end of its first upload on: the mean of its uploads since the moment before, or, without one, its newest. After its last upload it
// keeps that for less than its usual distance between uploads: another process of a moment may be about to send. A newest upload without
// the figure has no value: what was not read is unknown, and no older one replaces it.
//
// Of several processes a value is, by the kind of the figure (metrics_kind):
//     of a process     their mean, or their sum
//     of a container   the newest of each cgroup; of several cgroups the mean or the sum. A cgroup is what has one memory_cgroup_id on one
//                      host; processes of a host that do not tell it are one
//     code             that of the process whose code says most (memory_verdict_rank; of equals the larger c_verdict_bytes), from
//                      its newest upload: never a mean. What is of a code is that of the same upload
//     flag             1 if one has 1
//
// Where uploads have groups (catalog_group), a process is what has one group: those of a group have a value of their own.
//
// Threads: one makes, reads and frees them. Memory: malloc, 130 bytes per upload.
#ifndef CMEMPROF_RECEIVER_METRICS_MOMENTS_H
#define CMEMPROF_RECEIVER_METRICS_MOMENTS_H

#include "metrics.h"

struct moments;
// NULL: no memory. The list and the metrics, which are of the list, must outlive it. most: moments, METRICS_MAX_POINTS at most.
struct moments *moments_new(const struct upload_list *list, const struct metrics *metrics, size_t most);
void moments_free(struct moments *moments); // NULL is allowed
// Returns the count of points, by time. A series of these metrics.
size_t moments_of_series(struct moments *moments, const struct metrics_series *series, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]);
// The same of one group, and of all groups but those that are marked by their numbers.
size_t moments_of_group(struct moments *moments, const struct metrics_series *series, uint32_t group, bool summed,
                        struct series_point points[METRICS_MAX_POINTS]);
size_t moments_of_others(struct moments *moments, const struct metrics_series *series, const bool *left_out, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]);
size_t moments_processes(const struct moments *moments, uint32_t group); // their count

#endif
