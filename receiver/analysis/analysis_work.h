// analysis_work.h: how much more work a program does. Memory that rises with the work is no leak.
//
// Work is measured by CPU time and by bytes allocated per second. The one that rose less counts, so a leak, which allocates a little more,
// does not explain itself. A rise in proportion to the morning's load is explained; one that stays when the load goes is not.
//
// Threads: any. Memory: the stack.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_WORK_H
#define CMEMPROF_RECEIVER_ANALYSIS_WORK_H

#include "../../series/shape.h"
#include "../views/sweep.h"

// measures: of the uploads of the shape's points. Returns false also if the work is unknown.
bool work_explains(const struct measures *measures, size_t count, const struct shape *shape);

#endif
