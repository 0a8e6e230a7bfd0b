// reports.h: reports on one profile besides the table: callers and callees, source lines, instructions, single samples, labels, owners of C
// memory.
//
// The first ones show the values of go tool pprof's -peek, -list, -traces, -raw and -tags in a layout of their own, for the samples that
// the options select. Threads: one. Memory: malloc, by distinct functions, lines or labels.
#ifndef CMEMPROF_REPORTS_H
#define CMEMPROF_REPORTS_H

#include "../../receiver/views/owner_pairs.h"
#include "../base/text.h"
#include "source_file.h"
#include "top.h"

struct report_options {
    struct source_paths sources;   // for list
    const char *debug_directory;   // for disasm: files by build ID; NULL: none
    const struct top_options *top; // those that table_rules.h allows for the report
    regex_t *functions;            // for peek, list and disasm; NULL: all
    const char *expression;        // of functions
    const char *type_name;
    int type;                        // index of the sample type
    const char *unit;                // of the sample type
    const struct owner_pairs *pairs; // for owners; NULL: the built-in ones
    bool is_single;                  // for owners: the profile is no merge of several
};

// Return MERGE_NOT_FOUND if no function matches; as JSON that is an empty list.
enum merge_error report_peek(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_list(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_disasm(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_traces(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_raw(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_tags(struct profile *profile, const struct report_options *options, FILE *out);
enum merge_error report_owners(struct profile *profile, const struct report_options *options, FILE *out);

// ---- Shared by the reports ----

// Begins the object of a report as JSON: "type", "unit", "total", the sum of the samples that it looks at, and "regex", what functions were
// asked for.
struct json;
void report_json_begin(const struct report_options *options, int64_t total, struct json *json);
// Formats a value by the options.
const char *report_value(const struct report_options *options, int64_t value, char text[TEXT_VALUE_BYTES]);
double report_share(int64_t value, int64_t all);
// Calls visit for each sample of the options' memory and owner whose value is not 0 (all: any value), until it returns an error. frames:
// ids of the table; NULL: the filter does not select the sample.
typedef enum merge_error report_visit(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames);
enum merge_error report_samples(struct profile *profile, const struct report_options *options, bool all, struct frame_table *table,
                                report_visit *visit, void *context);
// Prints a frame: "main.leak", "main.leak /src/main.go:12", "/src/main.go" or "main".
void report_put_frame(const struct profile_frame *frame, enum frame_by by, FILE *out);
// Whether options->functions matches the frame's name, without file and line.
bool report_names(const struct report_options *options, const struct profile_frame *frame);

#endif
