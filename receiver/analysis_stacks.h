// analysis_stacks.h: the values of every stack of one process over its profiles, and what of them grows.
//
// All profiles are decoded into one (merge.h), one after the other: a stack keeps its place, and its value in a profile is what its sum has
// risen by. Stacks are grouped by site: the function of the program's own that led to the allocation, since one leak often has
// many C stacks below it (a statement of SQLite that is never closed has some fifty).
//
// Threads: a struct stacks belongs to one. Memory: malloc; 8 bytes for each stack and profile, 60,000 stacks at most, the others are left
// out.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_STACKS_H
#define CMEMPROF_RECEIVER_ANALYSIS_STACKS_H

#include "analysis_trend.h"

enum { STACKS_MAX = 60000 };

struct stacks {
    struct profile *profile;
    const char *type_name;
    int type;             // of the values below
    bool own_memory;      // of C memory, the series are of the profiler's own; false: of all other. Set by the user
    size_t profile_count; // that were read
    int64_t ids[TREND_MAX_POINTS], ms[TREND_MAX_POINTS];
    int64_t *rows[TREND_MAX_POINTS]; // values by sample
    size_t row_sizes[TREND_MAX_POINTS];
    int64_t *sums; // by sample
    size_t sum_count;
};

// A group of stacks.
struct stack_site {
    const char *function; // lives as long as the stacks
    bool c;               // memory of C
    uint32_t steepest;    // the stack in it that has risen most
    struct metrics_point points[TREND_MAX_POINTS];
    struct trend trend;
};

// list: of one process, by time, TREND_MAX_POINTS at most. No error when nothing can be read: then profile_count is 0.
enum receiver_error stacks_read(struct store *store, const struct merged_list *list, const char *attachment, const char *type,
                                struct stacks *stacks);
void stacks_free(struct stacks *stacks);
// The same from bytes, one profile after the other. type lives as long as the stacks. text has 160 bytes.
bool stacks_init(struct stacks *stacks, const char *type);
enum receiver_error stacks_add(struct stacks *stacks, int64_t id, int64_t ms, const void *bytes, size_t size, char *text);

// The sites that grow by enough, steepest first. Of a site that does not, the stacks that do by themselves. *sites is malloc'ed. False: no
// memory.
typedef bool stacks_enough(const struct stacks *stacks, double growth, double level); // level: the last median
bool stacks_growing(const struct stacks *stacks, stacks_enough *enough, struct stack_site **sites, size_t *count);
// All of C's or all other stacks as one series.
void stacks_total(const struct stacks *stacks, bool c, struct metrics_point points[TREND_MAX_POINTS]);
// The sample with the largest sum of a type over all profiles, and its share of all; -1: none.
int64_t stacks_largest(const struct stacks *stacks, const char *type, double *share);

#endif
