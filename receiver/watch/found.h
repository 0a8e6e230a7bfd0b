// found.h: the findings of an analysis as time series: how many, and how fast what grows, by service and site.
//
// Sites and services come from profiles, so their number is bounded: the worst findings come first, and what is left out is counted.
//
// Threads: a struct belongs to one. Memory: malloc, 500 bytes a series, FOUND_MAX_SERIES of each kind at most.
#ifndef CMEMPROF_RECEIVER_FOUND_H
#define CMEMPROF_RECEIVER_FOUND_H

#include "../analysis/analysis_finding.h"
#include "../base/exposition.h"

enum { FOUND_MAX_SERIES = 200, FOUND_TEXT_BYTES = 201 };

struct found_series {
    char service[FOUND_TEXT_BYTES], site[FOUND_TEXT_BYTES]; // site: of rates
    const char *kind;                                       // a literal
    enum severity severity;                                 // of counts
    double value;                                           // findings, or bytes per second
};
struct found {
    struct found_series counts[FOUND_MAX_SERIES], rates[FOUND_MAX_SERIES];
    size_t count, rate_count;
    size_t left_out; // findings that are in no series of their own, of either kind
    size_t findings; // all
};
// Of the worst findings first, as analysis_run gives them. Rates of one service, kind and site are added up.
void found_take(struct found *found, const struct findings *findings);
void found_write(const struct found *found, struct exposition *exposition);

#endif
