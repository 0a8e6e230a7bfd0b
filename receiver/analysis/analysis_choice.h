// analysis_choice.h: the processes of a selection, looked at by their measures, and the order in which they are looked into.
//
// Measures are in memory, so all processes are looked at: 60 points each of C live, heap, goroutines, locks and allocation. What has a
// shape there (analysis_shape.h), or stands too high, is suspect. Reading profiles costs some thousand times as much, so only some are
// looked into: suspects and those that say nothing first, of each service the worst first, so that a service with many that leak does not
// hide another's one; then the others, in the same way. The worst is the one that has grown most and holds most.
//
// Threads: any. Memory: malloc, 88 bytes a process, 128 a suspicion.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_CHOICE_H
#define CMEMPROF_RECEIVER_ANALYSIS_CHOICE_H

#include "../views/upload_list.h"
#include "analysis_shape.h"
#include "overview.h"

struct suspicion {
    enum measure measure;
    struct shape shape; // SHAPE_NONE: it stands too high
    double value;       // what it stands at
};

struct process {
    const struct overview_upload *uploads; // a stretch of the overview's, by time
    size_t count;
    size_t told;                                // uploads with a measure: the others say nothing
    size_t memory, c_memory, goroutines, locks; // of these, those with a measure of it; c_memory: of C's alone
    size_t pending;                             // of the others those whose measures are not worked out yet
    struct suspicion *suspicions;               // malloc'ed; NULL: none
    size_t suspicion_count;
    double weight;
    size_t rank; // in its service, from 0
};
// Sorts the overview's uploads. *processes are in the order in which they should be looked into; choice_free frees them.
enum receiver_error choice_make(struct overview *overview, struct process **processes, size_t *count);
void choice_free(struct process *processes, size_t count);

// At most `max` of a process's uploads, evenly, the first and the last included. uploads has room; returns how many.
size_t choice_thin(const struct process *process, size_t max, struct listed_upload *uploads);
// The points of a measure, TREND_MAX_POINTS at most, and the measures of the uploads that they are of.
size_t choice_series(const struct process *process, enum measure measure, struct metrics_point *points, struct measures *measures);

#endif
