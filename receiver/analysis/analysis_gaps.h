// analysis_gaps.h: how much of a selection was examined, and what was not: the first members of the answer, and its headline. Threads: any.
// Memory: malloc, 20 KB.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_GAPS_H
#define CMEMPROF_RECEIVER_ANALYSIS_GAPS_H

#include "analysis_choice.h"
#include "analysis_files.h"
#include "analysis_finding.h"
#include "analysis_rules.h"

struct looked { // the result of examining a process
    struct process_files files;
    struct findings findings;
    bool stacks_left_out;
    enum receiver_error error;
};

struct gaps {
    const struct overview *overview;
    const struct process *processes;
    size_t count;
    const struct looked *looked; // of the first looked_count processes
    size_t looked_count;
    struct compared_gaps compared;
};
// Writes the members of an open object up to "unread". findings: their count.
void gaps_write(const struct gaps *gaps, size_t findings, struct json *json);

#endif
