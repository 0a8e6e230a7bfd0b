// view.h: profiles as JSON: their sample types, and the call tree of one of them (docs/receiver.md has the formats).
//
// The source file tells the kind of code of a frame (view_frame.c): Go, Go's runtime, Python, Node, else C.
//
// Threads: any, one profile per call. Memory: malloc; a profile takes several times its size, so callers bound how many are open.
#ifndef CMEMPROF_RECEIVER_VIEW_H
#define CMEMPROF_RECEIVER_VIEW_H

#include "../../merge/merge.h"
#include "../base/error.h"
#include "../base/json.h"
#include "../base/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// bytes: the profile as received, compressed or not. RECEIVER_BAD_UPLOAD or RECEIVER_TOO_LARGE: text has the fault.
enum receiver_error view_open(const void *bytes, size_t size, struct profile **profile, char *text, size_t text_size);

// Names its unnamed code. May replace the profile; without memory it is freed and NULL. symbols NULL: unchanged.
enum receiver_error view_name(struct profile **profile, const struct receiver_symbols *symbols);

// {"samples":...,"types":[...]} of a profile.
enum receiver_error view_types(const void *bytes, size_t size, struct json *json, char *text, size_t text_size);
// Writes its members into an open object. divisors: of each type, for gauges; NULL: 1. uploads: the count with each type; NULL: not
// written.
void view_write_totals(const struct totals *totals, const double *divisors, const size_t *uploads, struct json *json);
// Writes the member "warnings": what the profiler says that is missing.
void view_write_warnings(const struct profile *profile, struct json *json);
// Adds those of a profile to another one, which stands for what is made of several.
void view_copy_warnings(const struct profile *from, struct profile *to);
// sum / divisor, not rounded: a value that few of many profiles have is not 0, and parts add up to the whole.
void view_write_mean(int64_t sum, double divisor, struct json *json);

// ---- Tree ----

struct sweep_report; // sweep.h
struct packed_nodes; // packed_nodes.h

enum { VIEW_MAX_LABELS = 16 };
enum view_memory { VIEW_ALL, VIEW_C, VIEW_GO };                  // C: samples with the label memory=C; Go: samples without it
enum view_owner { VIEW_ANYONES, VIEW_PROGRAMS, VIEW_PROFILERS }; // by the label owner=cmemprof
// Whether beside the bytes of memory their objects are counted, and the error of sampling; small: of trees that stay small with them.
enum view_objects { VIEW_NO_OBJECTS, VIEW_OBJECTS_OF_SMALL, VIEW_OBJECTS };
struct view_filter {
    enum view_memory memory;
    enum view_owner owner;
    const char *kind; // of the leaf frame; NULL: any
    // Only the node of this path (the page's hash of the names that lead to it, in hex), its callers and its subtree, so that more of it
    // fits. NULL: all.
    const char *below;
    bool by_line; // a function's lines are functions of their own
    enum view_objects objects;
    const char *group_by; // the key of a label: its values are the first level of the tree. NULL: none
    struct tree_label labels[VIEW_MAX_LABELS];
    size_t label_count;
    struct packed_nodes *packed; // where the nodes of a tree are put that has neither baseline nor counts of objects; NULL: into the JSON
    // Tells the divisor of a gauge's sums. NULL: 1. base_report: the same for the second type's values, by the first type's name.
    const struct sweep_report *report, *base_report;
};

// Writes the members of the answer from "type" on into an open object. type NULL or "": the default type (merge.h). base: NULL, or a second
// sample type, with its values beside the first one's. filter may be NULL. RECEIVER_NOT_FOUND: the profile has no such type.
enum receiver_error view_tree(struct profile *profile, const char *type, const char *base, const struct view_filter *filter,
                              struct json *json, char *text, size_t text_size);

// A tree of slopes (growth_tree.h): self and total have them in parts of `fixed`, base_self and base_total their errors.
struct tree;
struct view_slopes {
    double fixed;
    void (*write_sum)(const void *context, uint32_t node, struct json *json); // [self, total, error] of a node's function
    const void *context;
};
// Writes the members from "total" to "sums" into an open object; nodes are [parent, function, line, self, total, error]. below: as in the
// filter. RECEIVER_NOT_FOUND: there is no such node.
enum receiver_error view_tree_write_slopes(const struct tree *tree, const struct view_slopes *slopes, const char *below, struct json *json);

// The choice of samples as options of tree_build, but for the types and group_by. They point into labels. filter may be NULL.
struct tree_options view_tree_options(const struct view_filter *filter, struct tree_label labels[VIEW_MAX_LABELS + 2]);

#define VIEW_TIME_LABEL "end_timestamp_ns" // of a sample: its own time, in unix nanoseconds
// Whether a filter chooses samples by it.
bool view_asks_time(const struct view_filter *filter);

// ---- Frames ----

// "go", "runtime", "python", "python_runtime", "node", "node_runtime", "java", "java_runtime", "c", or "c_runtime": libc, std:: and other
// code that comes with C, C++ and Rust (profile_frame_role); "label": the value of a label (profile_group_by).
const char *view_frame_kind(const struct profile_frame *frame);
bool view_is_kind(const char *kind); // one of these, of code
// The function's package or library, for grouping: "net/http", "libsqlite3.so.0"; "" if unknown.
enum { VIEW_LIBRARY_BYTES = 200 };
void view_frame_library(const struct profile_frame *frame, char library[VIEW_LIBRARY_BYTES]);
// The function's name; without a symbol, the mapping's file name and the address.
enum { VIEW_NAME_BYTES = 300 };
const char *view_frame_name(const struct profile_frame *frame, char buffer[VIEW_NAME_BYTES]);
// {"name","file","kind","library"}: the function of a frame; by line with "line".
void view_write_function(const struct profile_frame *frame, bool by_line, struct json *json);

#endif
