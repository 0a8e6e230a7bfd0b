// analysis_rules.h: the rules of an analysis, each from the profiles of one process to findings; for analysis.c.
// Threads: any. Memory: malloc. All that return bool return false without memory.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_RULES_H
#define CMEMPROF_RECEIVER_ANALYSIS_RULES_H

#include "analysis_files.h"
#include "analysis_finding.h"
#include "analysis_stacks.h"

struct heap {                    // where live memory is found
    const char *attachment;      // NULL: nowhere
    const char *type, *language; // language: "Go ", or ""
};

// analysis_memory.c
bool analysis_live_memory(struct findings *findings, const struct stacks *stacks, const struct heap *heap);
bool memory_matters(const struct shape *shape, bool c, double period); // period: of sampling, in bytes; 0: unknown
const char *memory_kind(const struct shape *shape, bool c);
enum severity memory_severity(const struct shape *shape, bool c);

// analysis_goroutines.c
enum { GOROUTINES_PILED_UP = 1000 };
bool analysis_goroutines(struct findings *findings, const struct stacks *stacks, const char *attachment);
bool goroutines_matter(const struct shape *shape);

// analysis_measures.c: of a process that is not looked into, what its measures tell.
struct process; // analysis_choice.h
void analysis_measures(struct findings *findings, const struct process *process);

// analysis_versions.c: what is more in a version than in the one before it. *by_measures: changes whose stacks were not compared.
struct overview; // overview.h
enum receiver_error analysis_versions(struct findings *findings, struct store *store, const struct overview *overview, size_t *by_measures);
// analysis_restarts.c: processes that follow each other on a host, and grow each time.
enum receiver_error analysis_restarts(struct findings *findings, struct store *store, const struct overview *overview);

// analysis_load.c. stacks: those of live memory, that know what was allocated, too; NULL when there are none.
bool analysis_churn(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const struct heap *heap);
// stacks: of the time that was waited for locks; NULL when there are none.
bool analysis_locks(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const char *attachment);
bool analysis_fragmentation(struct findings *findings, const struct metrics *metrics, const struct merged_list *list);
// What the other rules cannot know: C memory whose samples were lost.
bool analysis_lost_samples(struct findings *findings, const struct metrics *metrics, const struct merged_list *list);
double load_now(const struct metrics_point *points, size_t count);
#define CONTENTION_SECONDS_PER_S 0.5
#define CHURN_BYTES_PER_S 1e8

#endif
