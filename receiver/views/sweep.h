// sweep.h: reads one attachment of many uploads, and reports the outcome.
//
// Reading is most of the work, so a list is split in two halves, each with its own thread and part.
//
// Threads: any; a call uses one more of its own. Memory: malloc; one attachment (256 MiB at most) per thread.
#ifndef CMEMPROF_RECEIVER_SWEEP_H
#define CMEMPROF_RECEIVER_SWEEP_H

#include "../../merge/merge.h"
#include "../store/store.h"
#include "gauges.h"
#include "upload_list.h"

enum {
    SWEEP_MAX_FAILED = 20, // distinct reasons
    SWEEP_MAX_TYPES = 64
};

// The count of profiles with each sample type: a client's upgrade may add types. Names are cut to fit.
struct sweep_type_counts {
    size_t count;
    struct {
        char name[TOTALS_MAX_NAME];
        size_t profiles;
    } types[SWEEP_MAX_TYPES];
};
size_t sweep_profiles_of(const struct sweep_type_counts *counts, const char *type); // 0: none, or too many types

// How a gauge's value is made, and of how many candidate uploads. Zero: the mean of all.
struct sweep_gauges {
    struct gauges of;
    double at_once; // gauges_at_once; 0: unknown
    size_t chosen_of;
};
struct sweep_report;
// The divisor that turns the sum over the report's profiles into the gauge's value; at least 1. profiles: those with the type. A summed
// mean is over all profiles: at_once counts also processes that lack the type.
double sweep_gauge_divisor(const struct sweep_report *report, size_t profiles);

// Zero-initialised.
struct sweep_report {
    size_t uploads;     // read and taken
    size_t processes;   // of the list
    double seconds;     // that these cover: covered_ns
    int64_t covered_ns; // saturates
    size_t left_out, failed_count;
    size_t skipped;                  // of rollup_sweep with a spread only: between those that were read
    enum receiver_error unread;      // a file could not be read, not for what is in it; RECEIVER_DAMAGED: all of them will never be
    bool is_passing;                 // some were left out that roll-ups or kept figures may cover: not to be cached
    struct sweep_type_counts counts; // of merge_uploads only
    size_t with_type;                // of the uploads, those with the type; 0: unknown. Set as gauges
    struct sweep_gauges gauges;      // set by the caller of the merge
    size_t reasons;
    struct {
        int64_t id;     // of the first upload, by id
        size_t uploads; // with this reason; those of further reasons are in failed_count only
        size_t name;    // index among those of sweep_uploads_any
        char reason[160];
    } failed[SWEEP_MAX_FAILED];
};
// chosen_of 0: not all of the list were read. with_type: of the report's uploads. A mean counts those with the type, a summed mean all.
void sweep_report_set_gauges(struct sweep_report *report, const struct upload_list *list, struct sweep_gauges gauges, size_t with_type);
size_t sweep_count_processes(const struct upload_list *list);     // 0: no memory, or no uploads
void sweep_report_cover(struct sweep_report *report, int64_t ns); // adds that time
// Uploads that failed for this reason, of which id is the lowest; name: as in failed.
void sweep_report_add_failures(struct sweep_report *report, int64_t id, size_t uploads, size_t name, const char *reason);
void sweep_report_add(struct sweep_report *report, const struct sweep_report *other); // its uploads, seconds and failures
void sweep_report_write(const struct sweep_report *report, struct json *json);        // members of an open object

// One attachment, and what the callback reports of it.
struct sweep_file {
    const struct listed_upload *upload;
    const char *name;
    const void *bytes;
    size_t size;
    char text[160];      // out: the reason of an error
    int64_t duration_ns; // out: its own duration; 0: none
};
// Takes one. An error is recorded with its reason, and the sweep goes on; RECEIVER_NO_MEMORY and RECEIVER_CLIENT_GONE end it.
typedef enum receiver_error (*sweep_take)(void *part, struct sweep_file *file);
// Calls take for each upload of the list that still has the attachment (of a recording of Java: the profile that is made of it): the first
// half with parts[0], concurrently the second with parts[1]. parts[1] NULL: all with parts[0], in order. RECEIVER_CLIENT_GONE: the list's
// flight is no longer wanted, or its stop is set.
enum receiver_error sweep_uploads(struct store *store, const struct upload_list *list, const char *attachment, sweep_take take,
                                  void *const parts[2], struct sweep_report *report);
// The same, with the first of these names that each upload has.
enum receiver_error sweep_uploads_any(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                      sweep_take take, void *const parts[2], struct sweep_report *report);
// The same, with recordings of Java as they came.
enum receiver_error sweep_uploads_as_received(struct store *store, const struct upload_list *list, const char *const *names,
                                              size_t name_count, sweep_take take, void *const parts[2], struct sweep_report *report);

#endif
