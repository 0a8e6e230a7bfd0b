// analysis_rules.h: the rules of an analysis, each from the profiles of one process to findings; for analysis.c.
// Threads: any. Memory: malloc. All return false without memory.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_RULES_H
#define CMEMPROF_RECEIVER_ANALYSIS_RULES_H

#include "analysis_finding.h"
#include "analysis_stacks.h"

struct heap { // where live memory is found
    const char *attachment, *type, *language;
};

// analysis_memory.c
bool analysis_live_memory(struct findings *findings, const struct stacks *stacks, const struct heap *heap);
bool analysis_goroutines(struct findings *findings, const struct stacks *stacks);

// analysis_load.c. stacks: those of live memory, that know what was allocated, too; NULL when there are none.
bool analysis_churn(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const struct heap *heap);
bool analysis_locks(struct findings *findings, const struct metrics *metrics, struct store *store, const struct merged_list *list);
bool analysis_fragmentation(struct findings *findings, const struct metrics *metrics, const struct merged_list *list);
// What the other rules cannot know: C memory whose samples were lost.
bool analysis_lost_samples(struct findings *findings, const struct metrics *metrics, const struct merged_list *list);

#endif
