// analysis.h: reports what stands out in a selection, with evidence: likely leaks, plateaus, churn, contention, regressions
// (docs/receiver.md). It also reports what was not examined: "nothing found" holds only for what was.
//
// Every process is screened by its measures. Those that analysis_choice.h selects are examined one by one: a sum over processes that start
// and end would grow and shrink with their number.
//
// Threads: any; a call uses one more of its own. Memory: malloc; 112 bytes per upload of the selection, 88 per process and 128 per
// suspicion, 4 KB per finding (2,000 at most); the stacks of two processes (120,000 each, analysis_stacks.h) and one value per stack and
// profile (29 MB each at most).
#ifndef CMEMPROF_RECEIVER_ANALYSIS_H
#define CMEMPROF_RECEIVER_ANALYSIS_H

#include "../store/store.h"
#include "overview.h"

struct findings; // analysis_finding.h
struct gaps;     // analysis_gaps.h
// Gets what was found, the worst first. Both live until it returns.
typedef void (*analysis_take)(void *context, const struct findings *findings, const struct gaps *gaps);
// Calls take once, unless it fails. Arguments as of analysis_write.
enum receiver_error analysis_run(struct store *store, struct overview *overview, bool own_memory, analysis_take take, void *context);
// Writes the whole answer. Sorts the overview's uploads. own_memory: of C memory, examines the profiler's own (profile_sample_is_own)
// instead of the program's.
enum receiver_error analysis_write(struct store *store, struct overview *overview, bool own_memory, struct json *json);

#endif
