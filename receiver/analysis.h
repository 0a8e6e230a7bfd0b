// analysis.h: what stands out in a selection, with the evidence: likely leaks, growth, churn, contention (docs/receiver.md).
//
// Each process is looked at by itself, over at most 60 of its profiles: sums over processes that start and end would grow and shrink with
// their number. Threads: any. Memory: malloc, the stacks of one process and a value for each of its profiles (32 MiB at most).
#ifndef CMEMPROF_RECEIVER_ANALYSIS_H
#define CMEMPROF_RECEIVER_ANALYSIS_H

#include "merged.h"

// The whole answer. own_memory: of C memory, the profiler's own is looked at (profile_sample_is_own), and not the program's.
enum receiver_error analysis_write(struct store *store, const struct merged_list *list, bool own_memory, struct json *json);

#endif
