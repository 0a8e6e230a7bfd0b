// analysis_work.h: how much more work a program does: what rises with it is no leak.
//
// Work is told by CPU time and by bytes allocated a second; of both the one that rose less counts, so a leak, that allocates a little more,
// explains nothing by itself. What rises in the morning with the load, in proportion to it, is explained; when the load goes and it stays,
// it is not.
// Threads: any. Memory: the stack.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_WORK_H
#define CMEMPROF_RECEIVER_ANALYSIS_WORK_H

#include "analysis_shape.h"

// Of the uploads that the shape's points are of. False: unknown, too.
bool work_explains(const struct measures *measures, size_t count, const struct shape *shape);

#endif
