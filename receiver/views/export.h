// export.h: profiles as files of other tools.
//
//   pprof       gzip, all sample types
//   otlp        a request of OpenTelemetry's protocol (ExportProfilesServiceRequest), gzip, all sample types
//   folded      "main;f;g 12" a line, as flamegraph.pl and others read it
//   speedscope  its JSON
//   json        nodes with name, value and children, as d3-flame-graph reads them
//   csv         a row for each function with its own value and its total
//   svg         a flame graph, a picture without script
//
// All but the first two are of one sample type, of merged call trees: labels and lines are not in them. Values below 0 cannot be drawn, and
// are left out of speedscope and svg.
//
// Threads: any, one profile per call. Memory: malloc; the tree, and the file, JSON_MAX_BYTES at most.
#ifndef CMEMPROF_RECEIVER_EXPORT_H
#define CMEMPROF_RECEIVER_EXPORT_H

#include "../../merge/merge.h"
#include "../base/error.h"
#include "../base/json.h"

#include <stdio.h>

enum export_format { EXPORT_PPROF, EXPORT_OTLP, EXPORT_FOLDED, EXPORT_SPEEDSCOPE, EXPORT_JSON, EXPORT_CSV, EXPORT_SVG, EXPORT_FORMATS };
extern const char *const export_names[];              // "folded", by format; ends with NULL
enum export_format export_named(const char *name);    // EXPORT_FORMATS: no such format
bool export_is_of_type(enum export_format format);    // of one sample type
const char *export_suffix(enum export_format format); // ".speedscope.json"

// Writes the whole file. options: which samples and which type, for formats of one type; NULL: all, of the type that is shown by default.
// title: what it is of. RECEIVER_TOO_LARGE, RECEIVER_NO_MEMORY: there is nothing to free.
enum receiver_error export_write(struct profile *profile, const struct tree_options *options, enum export_format format, const char *title,
                                 struct json *file);

// ---- Writers, one for each format ----

struct export_tree {
    const struct tree *tree;
    const char *type, *unit, *title;
};
// False: no memory, or more than JSON_MAX_BYTES, which the caller sees by the size.
bool export_folded(const struct export_tree *of, FILE *out);
bool export_csv(const struct export_tree *of, FILE *out);
bool export_svg(const struct export_tree *of, FILE *out);
void export_json(const struct export_tree *of, struct json *json);
bool export_speedscope(const struct export_tree *of, struct json *json);

#endif
