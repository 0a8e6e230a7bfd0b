// memory_limit.h: when a process reaches its cgroup's limit, if what counts against it goes on as now.
//
// "As now" is the slope (Theil-Sen's) of the newest stretch of the series that grows (trend.h): of all of it; where the newest third
// has another slope (by half or more), that of the third; and where the whole does not grow but its newest half or third does, and has come
// higher than anything before it, that of this stretch (of eight points and a twentieth of the limit at least). So a leak that began lately
// is not measured by the quiet hours before, a cache that is nearly full not by how it began, and a tooth of a saw is no growth.
//
// Threads: any. Memory: the stack, 20 KB.
#ifndef CMEMPROF_SERIES_MEMORY_LIMIT_H
#define CMEMPROF_SERIES_MEMORY_LIMIT_H

#include "namespace.h"
#include "memory_verdict.h"

// What counts against the limit, by the process's own word (cmemprof/cgroup_memory.h has the definition); of older clients the cgroup's
// usage without inactive file pages: where these are told, a moment without them has no point; where they are not, all usage counts.
// Returns the count of points.
size_t memory_counted(const struct memory_series series[MEMORY_FIGURE_COUNT], struct series_point counted[TREND_MAX_POINTS]);

// The limit that this is compared with. No points: none, or none is known.
const struct memory_series *memory_limit_series(const struct memory_series series[MEMORY_FIGURE_COUNT]);

struct memory_outlook {
    double seconds;     // until the limit: 0 at the limit, INFINITY if it does not grow, NAN if there is no limit or none is known
    double slope_per_s; // of the stretch; 0 if it does not grow
    size_t from;        // its first point; the count of points if it does not grow
};
// points: what counts against the limit, of which the last value is the limit's.
struct memory_outlook memory_outlook_of(const struct series_point *points, size_t count, double limit);

#endif
