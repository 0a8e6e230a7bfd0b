// report.h: the data of a report, a page in one file that needs no receiver (http/report_page.h): profiles sample by sample, so that the
// page itself makes every view of them, and answers that are kept as they are.
//
//   {"address":"/profile?ids=1","title":"...",
//    "functions":[{"name","file","kind","library"}],         as in the trees of the JSON interface (docs/receiver.md)
//    "nodes":[parent,function,line, ...],                    of node 1 on; node 0 is the root; parents precede their children
//    "sides":[{"selection":"ids=1",                          what the address of a page says of it; null: "address" does,
//                                                            of the second side with the prefix base.
//              "upload":{...} or null,                       as /api/uploads/ID has it
//              "total":1,                                    uploads of the selection
//              "profiles":[{"name","seconds","types":{...},"merged":{...} or null,"warnings":[...],   or {"name","fault"}
//                           "owners":[{"owner":"","labels":[["KEY","VALUE"]],"answer":{...} or "fault":"..."}],
//                           "samples":[[node,value of each type, then of each label its key, text and unit], ...]}]}],
//    "answers":{"/api/metrics":{...}}}
//
// "owners" (owners_write) is there if the profile has C memory: of all of it; of what is not the profiler's own (owner=program); and of
// both for the chosen labels, if there are any.
//
// All profiles share nodes, so that two sides are compared node by node. Every text is foreign: the page shows it as text.
//
// Threads: a report belongs to one. Memory: malloc; its JSON, JSON_MAX_BYTES at most, and the tree (growth_tree.h), against the budget.
#ifndef CMEMPROF_RECEIVER_REPORT_H
#define CMEMPROF_RECEIVER_REPORT_H

#include "../base/error.h"
#include "../base/json.h"
#include "growth_tree.h"

struct owner_pairs;  // owner_pairs.h
struct sweep_report; // sweep.h
struct view_filter;  // view.h

// Zero-initialised is empty.
struct report {
    struct growth_tree tree;
    struct json sides, answers;
    size_t side_count;
    bool in_side;
};
void report_free(struct report *report);

// Begins a side, and ends the one before. selection NULL: that of the address. upload: its JSON; NULL: of several uploads.
void report_side(struct report *report, const char *selection, const struct json *upload, size_t total);
// A profile, beside its samples. seconds: that it covers. merged: what it was made of; NULL: one upload. pairs, is_single: as for
// owners_start. filter: the chosen labels, for owners; NULL: none.
struct report_source {
    double seconds;
    const struct sweep_report *merged;
    const struct owner_pairs *pairs;
    bool is_single;
    const struct view_filter *filter;
};
// Adds a profile to the side. RECEIVER_TOO_LARGE: more nodes or JSON than a report can have.
enum receiver_error report_profile(struct report *report, const char *name, struct profile *profile, const struct report_source *source);
// A profile of the side that cannot be read, and why.
void report_fault(struct report *report, const char *name, const char *text);
// An answer to whatever is asked at this path. json is left as it is.
void report_answer(struct report *report, const char *path, const struct json *json);
// address: what the page shows first. The report can be freed only.
enum receiver_error report_write(struct report *report, const char *address, const char *title, struct json *json);

#endif
