// analysis_rules.h: the rules of an analysis, each from the profiles of one process to findings. For analysis.c.
//
// Threads: any. Memory: malloc. A bool result is false without memory.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_RULES_H
#define CMEMPROF_RECEIVER_ANALYSIS_RULES_H

#include "../../series/memory_limit.h"
#include "analysis_age.h"
#include "analysis_files.h"
#include "analysis_finding.h"
#include "analysis_stacks.h"

struct heap {                    // where live memory is found
    const char *attachment;      // NULL: nowhere
    const char *type, *language; // language: "Go ", or ""
};

// analysis_memory.c
bool analysis_live_memory(struct findings *findings, const struct stacks *stacks, const struct ages *ages, const struct heap *heap);
bool memory_matters(const struct shape *shape, bool c, double period); // period: sampling interval in bytes; 0: unknown
const char *memory_kind(const struct shape *shape, bool c);
enum severity memory_severity(const struct shape *shape, bool c);

// analysis_goroutines.c
enum { GOROUTINES_PILED_UP = 1000 };
bool analysis_goroutines(struct findings *findings, const struct stacks *stacks, const char *attachment);
// stacks: of goroutines that can never run again, as Go's collector found them; without profiles: nothing. The largest come first. Returns
// false if memory runs out.
bool analysis_leaked_goroutines(struct findings *findings, const struct stacks *stacks, const char *attachment);
bool goroutines_matter(const struct shape *shape);

// analysis_measures.c: findings from measures where stacks tell nothing. settled[measure]: all profiles of that measure were read, so the
// rule for stacks decides; NULL: none was read. findings: the result of those rules.
struct process; // analysis_choice.h
void analysis_measures(struct findings *findings, const struct process *process, const bool *settled);

// analysis_old_objects.c: names the site of findings about the heap that have none. stacks: of old objects; without profiles: nothing.
enum { OLD_OBJECT_PROFILES = 6 };
bool analysis_old_objects(struct findings *findings, const struct stacks *stacks, const char *attachment);

// What was not compared: version changes, and profiles of versions and restarts.
enum { COMPARED_MIN_UPLOADS = 5, COMPARED_MAX_VERSIONS = 8 }; // on each side of a change; of a service, the newest
struct compared_gaps {
    size_t by_measures; // changes whose stacks were not compared
    size_t short_sides; // changes with too few uploads
    size_t one_sided;   // changes with too few uploads on one side for a measure that is high on the other
    size_t older;       // changes before the newest versions
    size_t unread;      // profiles
    char reason[160];   // of one of these
};
void compared_count(struct compared_gaps *gaps, const struct sweep_report *report); // in analysis_versions.c

// analysis_versions.c: what increased from one version to the next. Adds to gaps.
struct overview; // overview.h
enum receiver_error analysis_versions(struct findings *findings, struct store *store, const struct overview *overview,
                                      struct compared_gaps *gaps);
// analysis_restarts.c: processes that follow each other on a host, each of which grows. Adds to gaps.
enum receiver_error analysis_restarts(struct findings *findings, struct store *store, const struct overview *overview,
                                      struct compared_gaps *gaps);

// analysis_load.c. stacks: of live memory, with allocations; NULL: none.
bool analysis_churn(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const struct heap *heap);
// stacks: of time waited for locks; NULL: none.
bool analysis_locks(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const char *attachment);
bool analysis_fragmentation(struct findings *findings, const struct metrics *metrics, const struct upload_list *list);
// analysis_cpu.c. stacks: CPU time of Go's newest profiles, with C functions; without profiles: nothing. Returns false if memory runs out.
enum { CPU_PROFILES = 6 };
bool analysis_cpu(struct findings *findings, const struct stacks *stacks, const char *attachment);
// analysis_verdict.c: what memory by cause amounts to (series/memory_verdict.h), except live memory, which the rules for stacks judge; when
// the limit is reached; what is unexplained.
struct judged_memory {
    struct memory_series series[MEMORY_FIGURE_COUNT]; // of the metrics, which must outlive this
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    size_t count;
    bool by_cause;     // the process reports its memory by cause
    bool needs_stacks; // of memory.pprof, to name where a part grows
};
void verdict_judge(const struct metrics *metrics, struct judged_memory *judged);
// parts: of memory.pprof; NULL: none.
void verdict_add(struct findings *findings, const struct judged_memory *judged, const struct upload_list *list, const struct stacks *parts,
                 const char *attachment);
// C memory that the other rules cannot see: lost samples.
bool analysis_lost_samples(struct findings *findings, const struct metrics *metrics, const struct upload_list *list);
double load_now(const struct series_point *points, size_t count);
#define CONTENTION_SECONDS_PER_S 0.5
#define CHURN_BYTES_PER_S 1e8

#endif
