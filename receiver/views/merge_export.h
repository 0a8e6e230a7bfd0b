// merge_export.h: a merged profile as a file for other tools, in which every value is what its type says it is: amounts are sums, gauges
// what was there at a moment. The file says so in a comment, since its reader cannot tell.
#ifndef CMEMPROF_RECEIVER_MERGE_EXPORT_H
#define CMEMPROF_RECEIVER_MERGE_EXPORT_H

#include "merge_uploads.h"

// Gauges of `all`, which are sums, become their means; with moment they are taken from there. Each is divided as its report says.
// RECEIVER_BAD_UPLOAD: they do not go together. Threads: any, one profile a call. Memory: malloc.
enum receiver_error merge_export_finish(struct profile *all, const struct sweep_report *report, struct profile *moment,
                                        const struct sweep_report *moment_report);

#endif
