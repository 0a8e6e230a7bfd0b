// run_gate.h: `cmemprof run --fail-if RULE`: limits for what a program keeps, takes at its peak, allocates (gate.h).
//
//   leaked, leaked_objects        C memory in use at its end
//   peak, peak_objects            C memory in use when it was most
//   allocated, allocated_objects  C memory allocated in all
//   peak_rss                      resident memory at its peak, of the largest process, as the kernel counts it (getrusage(2))
//
// Several processes (--follow-children) are added up, but for peak_rss.
//
// Threads: one. Memory: none.
#ifndef CMEMPROF_RUN_GATE_H
#define CMEMPROF_RUN_GATE_H

#include "../report/gate.h"

#define RUN_GATE_USAGE                                                                                                                     \
    "      --fail-if RULE    exit status 3 if RULE holds and the program succeeded: 'leaked>1MB', 'peak>500MB', 'allocated>2GB',\n"        \
    "                        'peak_rss>1GB', leaked_objects, peak_objects, allocated_objects; repeatable\n"                                \
    "      --summary FORMAT:FILE\n"                                                                                                        \
    "                        the results as markdown, junit or sarif\n"

// Returns 0, or STATUS_USAGE after an error message.
int run_gate_take_rule(struct gate *gate, const char *text);
// Holds the rules against the profile of the program's end, that of its peak, and the kernel's count for the children that were waited for.
// profile or peak NULL: not known; their rules stay unknown.
void run_gate_measure(struct gate *gate, struct profile *profile, struct profile *peak);
// Rules of C memory that have passed become unknown: a profile is missing. only_before: those of what a process has done before, not of its
// end.
void run_gate_doubt(struct gate *gate, const char *why, bool only_before);

#endif
