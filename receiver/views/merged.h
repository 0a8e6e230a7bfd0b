// merged.h: the same attachment of many uploads, read one after the other and merged into one profile.
//
// Reading is most of the work, so a list is split in two halves, each with a thread and a profile of its own; the second half's result is
// then added to the first's. Labels that nobody asks for are not read, so the result is as large as the stacks are many, not the
// samples. Merged profiles are kept in a cache, compressed: another type or tree of the same selection needs no file.
//
// Threads: any; a call uses one more of its own. Memory: malloc; the result, and one inflated attachment (256 MiB at most) a thread.
#ifndef CMEMPROF_RECEIVER_MERGED_H
#define CMEMPROF_RECEIVER_MERGED_H

#include "../../merge/merge.h"
#include "../base/cache.h"
#include "gauges.h"
#include "../base/question.h"
#include "../index/selection.h"
#include "../store/store.h"

#include <stdio.h>

enum {
    MERGED_MAX_UPLOADS = 5000, // of a selection; a day of one process at a profile in 20 s has 4,320
    MERGED_MAX_FAILED = 20,    // reasons that are named
    MERGED_MAX_LABELS = 16,
    MERGED_MAX_TYPES = 64
};

// ---- The uploads of a selection ----

struct merged_upload {
    int64_t id, start_ms, end_ms;
    uint64_t process; // the same for uploads of one process: a hash of host and runtime-id
    struct measures measures;
};
struct merged_list {
    struct merged_upload *uploads; // oldest first
    size_t count, left_out;
    struct question *question; // that it is read for, not owned; NULL: it is read in any case
};
// attachment: only uploads that have it; NULL: all.
enum receiver_error merged_list_read(struct catalog *catalog, const struct selection *selection, const char *attachment,
                                     struct merged_list *list);
void merged_list_free(struct merged_list *list);
// What an answer depends on: ids, and, since they come later, measures.
void merged_list_put_key(const struct merged_list *list, bool with_measures, FILE *out);

// ---- Reading them ----

// In how many profiles each sample type was: a client's upgrade adds some. Names are cut to fit.
struct merged_counts {
    size_t count;
    struct {
        char name[TOTALS_MAX_NAME];
        size_t profiles;
    } types[MERGED_MAX_TYPES];
};
size_t merged_profiles_of(const struct merged_counts *counts, const char *type); // 0: none, or too many types

// How a gauge's value comes of what was merged, and of how many uploads these were chosen. Zero: the mean of all.
struct merged_gauges {
    struct gauges of;
    double at_once; // gauges_at_once; 0: unknown
    size_t chosen_of;
};
struct merged_report;
// What the sum over the report's profiles, of which so many have the type, is divided by to be the gauge's value; at least 1. A mean that
// is summed is by all profiles: at_once counts also processes that lack the type.
double merged_gauge_divisor(const struct merged_report *report, size_t profiles);

// What came of it. Zero-initialised.
struct merged_report {
    size_t uploads;   // that were taken
    size_t processes; // of the list that it came of
    double seconds;   // that these cover
    size_t left_out, failed_count;
    struct merged_counts counts; // of merged_profile only
    size_t with_type;            // of the uploads, have the type that it is read for; 0: not known. Set as gauges
    struct merged_gauges gauges; // set by who merges for them
    size_t reasons;
    struct {
        int64_t id;     // of the first upload
        size_t uploads; // with this reason; those of further reasons are in failed_count only
        size_t name;    // of those of merged_sweep_any
        char reason[160];
    } failed[MERGED_MAX_FAILED];
};
// chosen_of 0: not all of the list were read. with_type: of the report's uploads; what a mean comes of has the type, the sum of a mean is
// by all.
void merged_set_gauges(struct merged_report *report, const struct merged_list *list, struct merged_gauges gauges, size_t with_type);
void merged_report_write(const struct merged_report *report, struct json *json); // members of an open object

// One attachment, and what is said of it.
struct merged_file {
    const struct merged_upload *upload;
    const void *bytes;
    size_t size;
    char text[160];      // out: the reason of an error
    int64_t duration_ns; // out: that it covers, as it says itself; 0: it does not
};
// Takes one. An error is reported with its reason, and the others go on; RECEIVER_NO_MEMORY ends the sweep.
typedef enum receiver_error (*merged_take)(void *part, struct merged_file *file);
// Calls take for each upload of the list that still has the attachment; the first half with parts[0], the second, at the same time, with
// parts[1]. parts[1] NULL: all with parts[0], in order. RECEIVER_LEFT: the list's question is not wanted any more.
enum receiver_error merged_sweep(struct store *store, const struct merged_list *list, const char *attachment, merged_take take,
                                 void *const parts[2], struct merged_report *report);
// The same of the first of these names that each upload has.
enum receiver_error merged_sweep_any(struct store *store, const struct merged_list *list, const char *const *names, size_t name_count,
                                     merged_take take, void *const parts[2], struct merged_report *report);

// ---- Merging them ----

// *profile has the labels `memory` and those of the keys, no others. cache may be NULL.
enum receiver_error merged_profile(struct store *store, struct cache *cache, const struct merged_list *list, const char *attachment,
                                   const char *const *keys, size_t key_count, struct profile **profile, struct merged_report *report);
// Adds all of another profile. RECEIVER_BAD_UPLOAD: their period types differ; profile is as it was.
enum receiver_error merged_add(struct profile *profile, struct profile *other);

#endif
