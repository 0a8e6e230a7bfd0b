// sweep.h: reads one attachment of many uploads, one after the other, and reports what came of it.
//
// Reading is most of the work, so a list is split in two halves, each with a thread and a part of its own.
//
// Threads: any; a call uses one more of its own. Memory: malloc; one attachment (256 MiB at most) a thread.
#ifndef CMEMPROF_RECEIVER_SWEEP_H
#define CMEMPROF_RECEIVER_SWEEP_H

#include "../../merge/merge.h"
#include "../store/store.h"
#include "gauges.h"
#include "upload_list.h"

enum {
    SWEEP_MAX_FAILED = 20, // reasons that are named
    SWEEP_MAX_TYPES = 64
};

// In how many profiles each sample type was: a client's upgrade adds some. Names are cut to fit.
struct sweep_type_counts {
    size_t count;
    struct {
        char name[TOTALS_MAX_NAME];
        size_t profiles;
    } types[SWEEP_MAX_TYPES];
};
size_t sweep_profiles_of(const struct sweep_type_counts *counts, const char *type); // 0: none, or too many types

// How a gauge's value comes of what was merged, and of how many uploads these were chosen. Zero: the mean of all.
struct sweep_gauges {
    struct gauges of;
    double at_once; // gauges_at_once; 0: unknown
    size_t chosen_of;
};
struct sweep_report;
// What the sum over the report's profiles, of which so many have the type, is divided by to be the gauge's value; at least 1. A mean that
// is summed is by all profiles: at_once counts also processes that lack the type.
double sweep_gauge_divisor(const struct sweep_report *report, size_t profiles);

// What came of it. Zero-initialised.
struct sweep_report {
    size_t uploads;   // that were taken
    size_t processes; // of the list that it came of
    double seconds;   // that these cover
    size_t left_out, failed_count;
    struct sweep_type_counts counts; // of merge_uploads only
    size_t with_type;                // of the uploads, have the type that it is read for; 0: not known. Set as gauges
    struct sweep_gauges gauges;      // set by who merges for them
    size_t reasons;
    struct {
        int64_t id;     // of the first upload
        size_t uploads; // with this reason; those of further reasons are in failed_count only
        size_t name;    // of those of sweep_uploads_any
        char reason[160];
    } failed[SWEEP_MAX_FAILED];
};
// chosen_of 0: not all of the list were read. with_type: of the report's uploads; what a mean comes of has the type, the sum of a mean is
// by all.
void sweep_report_set_gauges(struct sweep_report *report, const struct upload_list *list, struct sweep_gauges gauges, size_t with_type);
void sweep_report_write(const struct sweep_report *report, struct json *json); // members of an open object

// One attachment, and what is said of it.
struct sweep_file {
    const struct listed_upload *upload;
    const void *bytes;
    size_t size;
    char text[160];      // out: the reason of an error
    int64_t duration_ns; // out: that it covers, as it says itself; 0: it does not
};
// Takes one. An error is reported with its reason, and the others go on; RECEIVER_NO_MEMORY ends the sweep.
typedef enum receiver_error (*sweep_take)(void *part, struct sweep_file *file);
// Calls take for each upload of the list that still has the attachment; the first half with parts[0], the second, at the same time, with
// parts[1]. parts[1] NULL: all with parts[0], in order. RECEIVER_CLIENT_GONE: the list's question is not wanted any more.
enum receiver_error sweep_uploads(struct store *store, const struct upload_list *list, const char *attachment, sweep_take take,
                                  void *const parts[2], struct sweep_report *report);
// The same of the first of these names that each upload has.
enum receiver_error sweep_uploads_any(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                      sweep_take take, void *const parts[2], struct sweep_report *report);

#endif
