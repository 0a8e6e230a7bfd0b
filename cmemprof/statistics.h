// statistics.h (sample): what a profiler counts of itself.
//
// Threads: any, not inside malloc; others may be sampling. Memory: none.
#ifndef CMEMPROF_STATISTICS_H
#define CMEMPROF_STATISTICS_H

#include "namespace.h"
#include "cmemprof.h"
#include "profiler.h"

// Without what takes a walk: live is 0, and so is all of mappings.
void statistics_count(struct profiler *self, struct cmemprof_stats *stats);
// Adds the figures of mappings. Walks all ranges.
void statistics_add_mappings(struct profiler *self, struct cmemprof_stats *stats);
// Everything. Walks the live table, too.
void statistics_read(struct profiler *self, struct cmemprof_stats *stats);

#endif
