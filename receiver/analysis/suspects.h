// suspects.h: of an analysis of all services the worst finding of each service: how fast, how much, since when, which version, how long
// until the memory limit.
//
// Threads: a struct belongs to one. Memory: malloc, 2 KB a service, SUSPECTS_MAX of them.
#ifndef CMEMPROF_RECEIVER_SUSPECTS_H
#define CMEMPROF_RECEIVER_SUSPECTS_H

#include "analysis_choice.h"
#include "analysis_finding.h"

enum { SUSPECTS_MAX = 500, SUSPECT_NAME_BYTES = 201 };

struct suspect {
    char service[SUSPECT_NAME_BYTES], host[SUSPECT_NAME_BYTES], version[SUSPECT_NAME_BYTES]; // version: that it began in; "": unknown
    char version_before[SUSPECT_NAME_BYTES];                                                 // where is_of_version; "": unknown
    char title[FINDING_MAX_TEXT], evidence[FINDING_MAX_TEXT], site[FINDING_MAX_SITE], attachment[CATALOG_NAME_MAX_BYTES + 1];
    const char *kind, *type; // literals
    enum severity severity;
    double slope_bytes_per_minute, kept_bytes, limit_seconds; // NAN: not known
    int64_t since_ms, limit_from_ms; // 0: not known; limit_from_ms: the moment that limit_seconds counts from, of its newest upload
    // Its version was not there in the first hour, an earlier one was there before, and it began within an hour of its first upload.
    bool is_of_version;
    size_t processes, others; // that have the finding; further findings of the service
    int64_t first_upload, last_upload;
};
struct suspects {
    struct suspect *list;                // worst first
    size_t count, left_out;              // left_out: findings of services beyond SUSPECTS_MAX, and those that the analysis dropped
    size_t services, processes, uploads; // that are there; uploads beyond the overview's maximum are in uploads_left_out
    size_t uploads_left_out;
    size_t not_examined, by_totals; // processes of whose uploads none tells anything, or not yet; of the others, those without their stacks
    int64_t from_ms, made_ms;       // of the uploads' starts; unix
    bool has_stacks;                // false: by measures alone, so that sites and limits are not known
    bool analysis_failed;           // set by who writes it: a newer analysis ended without findings
};
void suspects_free(struct suspects *suspects); // zero-initialised is empty
// What was looked at: of `count` processes the stacks of the first looked_count.
struct suspects_base {
    const struct overview *overview;
    const struct process *processes;
    size_t count, looked_count;
};
// Of findings that are sorted. The overview's uploads are sorted by process. False: no memory; *suspects is empty.
bool suspects_take(struct suspects *suspects, const struct findings *findings, const struct suspects_base *base);
// Of all processes by their measures, which are in memory: no profile is read. Sorts the overview's uploads.
enum receiver_error suspects_screen(struct overview *overview, struct suspects *suspects);
void suspects_write(const struct suspects *suspects, struct json *json);

#endif
