// analysis.h: what stands out in a selection, with the evidence: likely leaks, what rose and stayed, churn, contention, regressions
// (docs/receiver.md); and what was not looked at, since "nothing found" can only be said of what was.
//
// All processes are looked at by their measures; those that are chosen by them (analysis_choice.h) are looked into, each by itself: sums
// over processes that start and end would grow and shrink with their number. Threads: any; a call uses one more of its own. Memory: malloc;
// 112 bytes an upload of the selection, 88 a process and 128 for what is suspect of it, 4 KB a finding (2,000 at most); the stacks of two
// processes (120,000 each, analysis_stacks.h) and a value for each of their profiles (29 MB each at most).
#ifndef CMEMPROF_RECEIVER_ANALYSIS_H
#define CMEMPROF_RECEIVER_ANALYSIS_H

#include "../store/store.h"
#include "overview.h"

// The whole answer; sorts the overview's uploads. own_memory: of C memory, the profiler's own is looked at (profile_sample_is_own), and not
// the program's.
enum receiver_error analysis_write(struct store *store, struct overview *overview, bool own_memory, struct json *json);

#endif
