// analysis_finding.h: what an analysis has found, as sentences, numbers and JSON.
// Threads: a list belongs to one. Memory: malloc, FINDINGS_MAX entries of 20 KB at most.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_FINDING_H
#define CMEMPROF_RECEIVER_ANALYSIS_FINDING_H

#include "analysis_trend.h"

enum { FINDINGS_MAX = 50, FINDING_MAX_FRAMES = 64, FINDING_MAX_TEXT = 600 };
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };

struct finding {
    const char *kind; // a literal
    enum severity severity;
    char title[FINDING_MAX_TEXT], evidence[FINDING_MAX_TEXT];
    double slope_bytes_per_s; // NAN: nothing grows in bytes
    char *stack[FINDING_MAX_FRAMES];
    size_t frame_count;
    const char *attachment, *type; // literals, or NULL
    int64_t first_upload, last_upload;
    struct metrics_point points[TREND_MAX_POINTS];
    size_t point_count;
    size_t processes; // that have it
    double weight;    // of two of the same severity the heavier comes first
};

struct findings {
    struct finding *items[FINDINGS_MAX];
    size_t count;
};
// NULL: no memory, or there are enough. Of two that say the same of two processes (findings_settle) the heavier stays.
struct finding *findings_add(struct findings *findings, const char *kind, enum severity severity, double weight);
void findings_free(struct findings *findings);
// Called when the finding that was added last is complete: if the same kind and site was found before, they become one.
void findings_settle(struct findings *findings, const char *site);
void findings_sort(struct findings *findings);
void findings_write(const struct findings *findings, struct json *json); // the member "findings"

void finding_set_stack(struct finding *finding, const struct profile_sample_view *sample);
enum { FINDING_AMOUNT_BYTES = 32 };
const char *finding_bytes(double bytes, char text[FINDING_AMOUNT_BYTES]);      // "1.2 MB"
const char *finding_rate(double bytes_per_s, char text[FINDING_AMOUNT_BYTES]); // "1.2 MB a minute"
const char *finding_duration(double seconds, char text[FINDING_AMOUNT_BYTES]); // "30 minutes"

#endif
