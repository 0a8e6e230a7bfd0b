// analysis_sentence.h: describes a shape in words, and fills in a finding's series. Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_SENTENCE_H
#define CMEMPROF_RECEIVER_ANALYSIS_SENTENCE_H

#include "analysis_finding.h"
#include "analysis_stacks.h"

const char *shape_name(enum shape_kind kind); // "plateau"
// "grows by 3 MB a minute", "rose from 1 MB to 80 MB at once and has stayed since ...". unit: "bytes" or "count".
void shape_sentence(const struct shape *shape, const struct series_point *points, const char *unit, char *text, size_t size);
// Two sentences of evidence; what: their subject.
void shape_evidence(const struct shape *shape, const struct series_point *points, size_t count, const char *unit, const char *what,
                    char *text, size_t size);
// Adds one point per profile of the stacks.
void finding_set_series(struct finding *finding, const struct stacks *stacks, const struct series_point *points, const char *attachment);

#endif
