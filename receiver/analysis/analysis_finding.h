// analysis_finding.h: what an analysis has found, as sentences, numbers and JSON.
// Threads: a list belongs to one. Memory: malloc, 4 KB an entry and its stack.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_FINDING_H
#define CMEMPROF_RECEIVER_ANALYSIS_FINDING_H

#include "analysis_trend.h"

enum { FINDINGS_SHOWN = 50, FINDINGS_KEPT = 1000, FINDING_MAX_FRAMES = 64, FINDING_MAX_TEXT = 600, FINDING_MAX_SITE = 200 };
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };

struct finding_frame {
    char *name;
    bool own; // of the program itself (profile_frame_role)
};

struct finding {
    const char *kind;     // a literal
    enum measure measure; // that it is about; MEASURE_COUNT: none of them
    enum severity severity;
    char title[FINDING_MAX_TEXT], evidence[FINDING_MAX_TEXT];
    double slope_bytes_per_minute; // NAN: nothing grows in bytes
    char site[FINDING_MAX_SITE];   // the function that it is about; "": the whole process
    struct finding_frame stack[FINDING_MAX_FRAMES];
    size_t frame_count;
    char attachment[CATALOG_NAME_MAX_BYTES + 1]; // "": none
    const char *type, *unit;                     // of the points; literals, type may be NULL
    int64_t first_upload, last_upload;
    struct metrics_point points[TREND_MAX_POINTS];
    size_t point_count;
    size_t processes;           // that have it
    const char *service, *host; // of the process that has it worst; "" when unknown; they live as long as the finding
    double weight;              // of two of the same severity the heavier comes first
    uint64_t key;               // of what two have to share to be joined; 0: not worked out yet
    size_t joined;              // by which call of findings_join it was added or last met; 0: none
};

struct findings {
    struct finding **items;
    size_t count, capacity, left_out; // left_out: of one process, as there were too many
    const char *service, *host;       // given to what is added
    size_t joins;                     // calls of findings_join
    bool no_memory;                   // something could not be added
};
// NULL: no memory.
struct finding *findings_add(struct findings *findings, const char *kind, enum measure measure, enum severity severity, double weight);
bool findings_have(const struct findings *findings, enum measure measure);
void findings_free(struct findings *findings);
// Moves all of `more`, the findings of one process, to the end. What says the same of the same measure as one that is there, of another
// process of the same service, becomes one with it: of the two the more severe stays, then the heavier. Two of one process stay two. Of
// twice FINDINGS_KEPT the worse half stays, and the others are counted.
void findings_join(struct findings *findings, struct findings *more);
void findings_sort(struct findings *findings);
// The members "findings", FINDINGS_SHOWN of them, and "findings_left_out".
void findings_write(const struct findings *findings, struct json *json);

// The stack, and which frames are the program's. site may be NULL.
void finding_set_stack(struct finding *finding, const struct profile_sample_view *sample, const char *site);
enum { FINDING_AMOUNT_BYTES = 32 };
const char *finding_bytes(double bytes, char text[FINDING_AMOUNT_BYTES]); // "1.2 MB"
// "1.2 MB a minute": all rates of growth are by the minute, in sentences, numbers and charts.
const char *finding_rate(double bytes_per_s, char text[FINDING_AMOUNT_BYTES]);
const char *finding_duration(double seconds, char text[FINDING_AMOUNT_BYTES]); // "30 minutes"
const char *finding_time(int64_t unix_ms, char text[FINDING_AMOUNT_BYTES]);    // "2026-01-02 03:04 UTC"

#endif
