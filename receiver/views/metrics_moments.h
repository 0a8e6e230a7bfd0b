// metrics_moments.h: series of metrics at common moments, where the concurrent processes of a moment have one value.
//
// The moments are the ends of all uploads, or METRICS_MAX_POINTS moments of equal distance if there are more. A process has a value from
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
// Threads: one makes and frees them; any may read. Memory: malloc, 70 bytes per upload.
#ifndef CMEMPROF_RECEIVER_METRICS_MOMENTS_H
#define CMEMPROF_RECEIVER_METRICS_MOMENTS_H

#include "metrics.h"

struct moments;
// NULL: no memory. The list and the metrics, which are of the list, must outlive it.
struct moments *moments_new(const struct upload_list *list, const struct metrics *metrics);
void moments_free(struct moments *moments); // NULL is allowed
// Returns the count of points, by time. A series of these metrics.
size_t moments_of_series(struct moments *moments, const struct metrics_series *series, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]);

#endif
