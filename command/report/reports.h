// reports.h: what is printed of a profile besides the table: callers and callees, source lines, single samples, labels.
//
// As go tool pprof's -peek, -list, -traces, -raw and -tags show them: the same values, in columns of our own. All of the samples that the
// options let through. Threads: one. Memory: malloc, by distinct functions, lines or labels.
#ifndef CMEMPROF_REPORTS_H
#define CMEMPROF_REPORTS_H

#include "../base/text.h"
#include "top.h"

struct report_options {
    const struct top_options *top; // as far as table_rules.h says
    regex_t *functions;            // of peek and list; NULL: all
    int type;                      // index in the profile
    const char *unit;              // of the type
};

// MERGE_NOT_FOUND: no function matches.
enum merge_error report_peek(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_list(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_traces(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_raw(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_tags(struct profile *profile, const struct report_options *options, FILE *out);

// ---- For them ----

// The value as the options want it.
const char *report_value(const struct report_options *options, int64_t value, char text[TEXT_VALUE_BYTES]);
double report_share(int64_t value, int64_t all);
// Calls visit for each sample with a value of the type (`all`: also for those without) that the options let through, until it returns an
// error. frames: numbers of the table; NULL: the filter leaves the sample out.
typedef enum merge_error report_visit(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames);
enum merge_error report_samples(struct profile *profile, const struct report_options *options, bool all, struct frame_table *table,
                                report_visit *visit, void *context);
// The frame as the options take it: "main.leak", "main.leak /src/main.go:12", "/src/main.go" or "main".
void report_put_frame(const struct profile_frame *frame, enum frame_by by, FILE *out);
// Whether that matches, but for the line.
bool report_names(const struct report_options *options, const struct profile_frame *frame);

#endif
