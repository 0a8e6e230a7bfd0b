// merge_export.h: a merged profile as a file for other tools: amounts are sums, gauges are of a moment or means. A comment in the file says
// so, since its reader cannot tell; others, warnings (profile_warnings), say how many uploads could not be read or were left out.
#ifndef CMEMPROF_RECEIVER_MERGE_EXPORT_H
#define CMEMPROF_RECEIVER_MERGE_EXPORT_H

#include "merge_uploads.h"

// Divides the gauges of `all`, which are sums, into means; with moment, takes them from there. Each is divided as its report says.
// RECEIVER_BAD_UPLOAD: the two cannot be merged.
//
// Threads: any, one profile per call. Memory: malloc.
enum receiver_error merge_export_finish(struct profile *all, const struct sweep_report *report, struct profile *moment,
                                        const struct sweep_report *moment_report);

// Adds the comments of what could not be read or was left out.
void merge_export_missing(struct profile *profile, const struct sweep_report *report);

#endif
