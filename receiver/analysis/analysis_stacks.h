// analysis_stacks.h: the values of every stack of one process over its profiles, and which of them have a shape (analysis_shape.h).
//
// All profiles are decoded into one (merge.h), one after the other: a stack keeps its place, and its value in a profile is what its sum has
// risen by. Stacks are grouped by site: the function of the program's own that led to the allocation, since one leak often has
// many C stacks below it (a statement of SQLite that is never closed has some fifty).
//
// Threads: a struct stacks belongs to one. Memory: malloc; 8 bytes for each stack and profile, 60,000 stacks at most, the others are left
// out and counted; the decoded profile, which ends with the one that brings it to 120,000 stacks: those after it are refused.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_STACKS_H
#define CMEMPROF_RECEIVER_ANALYSIS_STACKS_H

#include "analysis_shape.h"

enum { STACKS_MAX = 60000, STACKS_MAX_READ = 120000 }; // with a series; decoded, after which no further profile is

struct stacks {
    struct profile *profile;
    const char *type_name;
    int type;             // of the values below
    bool own_memory;      // of C memory, the series are of the profiler's own; false: of all other. Set by the user
    size_t left_out;      // stacks beyond STACKS_MAX
    size_t profile_count; // that were read
    int64_t ids[TREND_MAX_POINTS], ms[TREND_MAX_POINTS];
    struct measures measures[TREND_MAX_POINTS]; // of the uploads
    double seconds[TREND_MAX_POINTS];           // that each covers; 0: unknown
    int64_t *rows[TREND_MAX_POINTS];            // values by sample
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
    struct shape shape;
};

// list: of one process, by time, TREND_MAX_POINTS at most. No error when nothing can be read: then profile_count is 0, and *report tells.
// names: as in sweep_uploads_any.
enum receiver_error stacks_read(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                const char *type, struct stacks *stacks, struct sweep_report *report);
void stacks_free(struct stacks *stacks);
// The same from bytes, one profile after the other. type lives as long as the stacks. text has 160 bytes. measures may be NULL.
bool stacks_init(struct stacks *stacks, const char *type);
enum receiver_error stacks_add(struct stacks *stacks, const struct listed_upload *upload, const void *bytes, size_t size, char *text);

// Calls take for each site, its shape not known yet; of one for which STACKS_ONE_BY_ONE is answered also for each of its stacks. False: no
// memory.
enum stacks_answer { STACKS_DONE, STACKS_ONE_BY_ONE, STACKS_NO_MEMORY };
typedef enum stacks_answer stacks_take(void *context, struct stack_site *site);
bool stacks_sites(const struct stacks *stacks, stacks_take *take, void *context);

// The sites that have a shape that is enough, those with the largest rise first. Of a site that has not, the stacks that have by
// themselves. *sites is malloc'ed. False: no memory. min_rise: as in shape_of.
typedef bool stacks_enough(const struct stacks *stacks, const struct stack_site *site);
bool stacks_shapes(const struct stacks *stacks, double min_rise, stacks_enough *enough, struct stack_site **sites, size_t *count);
// All of C's or all other stacks as one series.
void stacks_total(const struct stacks *stacks, bool c, struct metrics_point points[TREND_MAX_POINTS]);
// The sample with the largest sum of a type over all profiles, and its share of all; -1: none.
int64_t stacks_largest(const struct stacks *stacks, const char *type, double *share);

#endif
