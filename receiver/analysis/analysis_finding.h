// analysis_finding.h: findings of an analysis, as sentences, numbers and JSON. Threads: a list belongs to one. Memory: malloc, 4 KB per
// finding and its stack.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_FINDING_H
#define CMEMPROF_RECEIVER_ANALYSIS_FINDING_H

#include "../views/metrics.h"

enum { FINDINGS_SHOWN = 50, FINDINGS_KEPT = 1000, FINDING_MAX_FRAMES = 64, FINDING_MAX_TEXT = 600, FINDING_MAX_SITE = 200 };
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };

struct finding_frame {
    char *name;
    bool own; // the program's own (profile_frame_role)
};

struct finding {
    const char *kind;     // a literal
    enum measure measure; // its subject; MEASURE_COUNT: none of them
    enum severity severity;
    char title[FINDING_MAX_TEXT], evidence[FINDING_MAX_TEXT];
    char advice[FINDING_MAX_TEXT]; // what to do; "": nothing in general
    double slope_bytes_per_minute; // NAN: nothing grows in bytes
    double limit_seconds;          // until the memory limit is reached, of all processes the nearest; NAN: it is not about a limit
    int64_t limit_from_ms;         // the upload's end that limit_seconds counts from; 0: as NAN
    char site[FINDING_MAX_SITE];   // its function; "": the whole process
    struct finding_frame stack[FINDING_MAX_FRAMES];
    size_t frame_count;
    char attachment[CATALOG_NAME_MAX_BYTES + 1]; // "": none
    const char *type, *unit;                     // of the points; literals, type may be NULL
    int64_t first_upload, last_upload;
    struct series_point points[TREND_MAX_POINTS];
    size_t point_count;
    size_t processes;           // count of processes with this finding
    const char *service, *host; // of the process where it is worst; "": unknown; must outlive the finding
    double weight;              // orders findings of the same severity, heaviest first
    uint64_t key;               // findings with equal keys may be joined; 0: not computed yet
    size_t joined;              // the findings_join call that added or last matched it; 0: none
};

struct findings {
    struct finding **items;
    size_t count, capacity, left_out; // left_out: findings beyond the maximum of one process
    const char *service, *host;       // set on every finding that is added
    size_t joins;                     // calls of findings_join
    bool no_memory;                   // a finding could not be added
};
// Returns NULL without memory.
struct finding *findings_add(struct findings *findings, const char *kind, enum measure measure, enum severity severity, double weight);
bool findings_have(const struct findings *findings, enum measure measure);
void findings_free(struct findings *findings);
// Moves all of `more`, the findings of one process, to the end. Findings of several processes of a service with the same kind, measure,
// site and leaf become one: the more severe stays, then the heavier. Two findings of one process stay two. At twice FINDINGS_KEPT, the less
// severe half is dropped and counted.
void findings_join(struct findings *findings, struct findings *more);
void findings_sort(struct findings *findings);
// Writes the members "findings" (at most FINDINGS_SHOWN) and "findings_left_out".
void findings_write(const struct findings *findings, struct json *json);

// Sets the stack, and which frames are the program's. site may be NULL.
void finding_set_stack(struct finding *finding, const struct profile_sample_view *sample, const char *site);
enum { FINDING_AMOUNT_BYTES = 32 };
const char *finding_bytes(double bytes, char text[FINDING_AMOUNT_BYTES]); // "1.2 MB"
// "1.2 MB a minute". Growth is per minute in all sentences, numbers and charts.
const char *finding_rate(double bytes_per_s, char text[FINDING_AMOUNT_BYTES]);
const char *finding_duration(double seconds, char text[FINDING_AMOUNT_BYTES]); // "30 minutes"
const char *finding_time(int64_t unix_ms, char text[FINDING_AMOUNT_BYTES]);    // "2026-01-02 03:04 UTC"

#endif
