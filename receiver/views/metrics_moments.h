// metrics_moments.h: series of metrics at common moments, where the concurrent processes of a moment have one value: their mean or sum.
//
// The moments are the ends of all uploads, or METRICS_MAX_POINTS moments of equal distance if there are more. A process has a value from
// the end of its first upload on: the mean of its uploads since the moment before, or, without one, its newest. After its last upload it
// keeps that for less than its usual distance between uploads: another process of a moment may be about to send. A newest upload without
// the figure has no value: what was not read is unknown, and no older one replaces it.
//
// Threads: one makes and frees them; any may read. Memory: malloc, 24 bytes per upload.
#ifndef CMEMPROF_RECEIVER_METRICS_MOMENTS_H
#define CMEMPROF_RECEIVER_METRICS_MOMENTS_H

#include "metrics.h"

struct moments;
struct moments *moments_new(const struct upload_list *list); // NULL: no memory. The list must outlive it
void moments_free(struct moments *moments);                  // NULL is allowed
// Returns the count of points, by time. A series of this list only.
size_t moments_of_series(struct moments *moments, const struct metrics_series *series, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]);

#endif
