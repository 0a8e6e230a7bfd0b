// statistics.h (sample): what a profiler counts of itself.
//
// Threads: any, not inside malloc; others may be sampling. Memory: none.
#ifndef CMEMPROF_STATISTICS_H
#define CMEMPROF_STATISTICS_H

#include "namespace.h"
#include "cmemprof.h"
#include "profiler.h"

void statistics_read(struct profiler *self, struct cmemprof_stats *stats);

#endif
