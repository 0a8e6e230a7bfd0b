// merged_file.h: a merged profile as a file for other tools, in which every value is what its type says it is: amounts are sums, gauges
// what was there at a moment. The file says so in a comment, since its reader cannot tell.
#ifndef CMEMPROF_RECEIVER_MERGED_FILE_H
#define CMEMPROF_RECEIVER_MERGED_FILE_H

#include "merged.h"

// Gauges of `all`, which are sums, become their means; with moment they are taken from there. Each is divided as its report says.
// RECEIVER_BAD_UPLOAD: they do not go together. Threads: any, one profile a call. Memory: malloc.
enum receiver_error merged_file_finish(struct profile *all, const struct merged_report *report, struct profile *moment,
                                       const struct merged_report *moment_report);

#endif
