// analysis_stacks.h: the values of every stack of one process over its profiles, and which have a shape (shape.h).
//
// All profiles are decoded into one (merge.h), one after the other. A stack keeps its index, and its value in a profile is the increase of
// its sum. Stacks are grouped by site, since one leak often has many C stacks below it (an unclosed SQLite statement has about fifty).
//
// Threads: a struct stacks belongs to one. Memory: malloc; 8 bytes per stack and profile. Stacks beyond 60,000 are left out and counted.
// Profiles are refused once the decoded profile has 120,000 stacks.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_STACKS_H
#define CMEMPROF_RECEIVER_ANALYSIS_STACKS_H

#include "../../series/shape.h"
#include "../views/sweep.h"

enum { STACKS_MAX = 60000, STACKS_MAX_READ = 120000 }; // with a series; decoded, after which no further profile is read

struct stacks {
    struct profile *profile;
    const char *type_name;
    int type;             // of the values below
    bool own_memory;      // of C memory, series are of the profiler's own; false: of all other. Set by the user
    bool without_mapped;  // lengths of mappings (memory=mmap) are in no series. Set by the user
    bool optional;        // a profile without the type has nothing of it, as a recording without such events; false: it is refused
    size_t left_out;      // stacks beyond STACKS_MAX
    size_t profile_count; // profiles read
    int64_t ids[TREND_MAX_POINTS], ms[TREND_MAX_POINTS];
    struct measures measures[TREND_MAX_POINTS]; // of the uploads
    double seconds[TREND_MAX_POINTS];           // covered by each; 0: unknown
    int64_t *rows[TREND_MAX_POINTS];            // values by sample
    size_t row_sizes[TREND_MAX_POINTS];
    int64_t *sums; // by sample
    size_t sum_count;
};

// A group of stacks.
struct stack_site {
    const char *function; // lives as long as the stacks
    bool c;               // memory of C
    uint32_t steepest;    // its stack that has risen most
    struct series_point points[TREND_MAX_POINTS];
    struct shape shape;
};

// list: of one process, by time, TREND_MAX_POINTS at most. Not an error if nothing can be read: profile_count is 0, and *report says why.
// names: as in sweep_uploads_any. label: one more that tells stacks apart, beside memory, owner and part; NULL: none.
enum receiver_error stacks_read(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                const char *type, const char *label, struct stacks *stacks, struct sweep_report *report);
void stacks_free(struct stacks *stacks);
// The same from bytes, one profile after the other. type must outlive the stacks. text has 160 bytes. measures may be NULL.
bool stacks_init(struct stacks *stacks, const char *type, const char *label);
enum receiver_error stacks_add(struct stacks *stacks, const struct listed_upload *upload, const void *bytes, size_t size, char *text);

// Calls take for each site, before its shape is known; also for each stack of a site that was answered with STACKS_ONE_BY_ONE. Returns
// false without memory.
enum stacks_answer { STACKS_DONE, STACKS_ONE_BY_ONE, STACKS_NO_MEMORY };
typedef enum stacks_answer stacks_take(void *context, struct stack_site *site);
bool stacks_sites(const struct stacks *stacks, stacks_take *take, void *context);

// The sites whose shape `enough` accepts, largest rise first; of other sites, the stacks whose own shape it accepts. *sites is malloc'ed.
// Returns false without memory. min_rise: as in shape_of.
typedef bool stacks_enough(const struct stacks *stacks, const struct stack_site *site);
bool stacks_shapes(const struct stacks *stacks, double min_rise, stacks_enough *enough, struct stack_site **sites, size_t *count);
// Whether the sample's values are in series: it is no mapping that is left out, and the profiler's own only where that is asked for.
bool stacks_want(const struct stacks *stacks, const struct profile_sample_view *sample);
// All C stacks, or all others, as one series.
void stacks_total(const struct stacks *stacks, bool c, struct series_point points[TREND_MAX_POINTS]);
// Returns the sample with the largest sum of a type over all profiles, and its share of the total; -1: none. One that only says that there
// was no stack is in the total, and not returned.
int64_t stacks_largest(const struct stacks *stacks, const char *type, double *share);
// Returns the sample of this part (memory.pprof's label) that has risen most, and its share of the part's rise; -1: none has.
int64_t stacks_steepest(const struct stacks *stacks, const char *part, double *share);

#endif
