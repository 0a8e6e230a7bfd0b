// analysis_choice.h: screens the processes of a selection by their measures, and orders them for examination.
//
// Measures are in memory, so all processes are screened: up to 60 points each of C live bytes, heap, goroutines, locks and allocation. A
// measure with a shape (shape.h) or too high a level is a suspicion. Reading profiles costs about a thousand times as much, so
// only some processes are examined: first those with suspicions or without measures, round-robin over services and worst first, so that a
// service with many leaks does not hide the leak of another; then the rest in the same order. The worst has grown most and holds most.
//
// Threads: any. Memory: malloc, 88 bytes per process, 128 per suspicion.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_CHOICE_H
#define CMEMPROF_RECEIVER_ANALYSIS_CHOICE_H

#include "../views/upload_list.h"
#include "../../series/shape.h"
#include "overview.h"

struct suspicion {
    enum measure measure;
    struct shape shape; // SHAPE_NONE: its level is too high
    double value;       // its level
};

struct process {
    const struct overview_upload *uploads; // a range of the overview's, by time
    size_t count;
    size_t told;                                // uploads with a measure; the others tell nothing
    size_t memory, c_memory, goroutines, locks; // of these, the count with that measure; c_memory: C's alone
    size_t pending;                             // of the others, the count whose measures are not computed yet
    struct suspicion *suspicions;               // malloc'ed; NULL: none
    size_t suspicion_count;
    double weight;
    size_t rank; // within its service, from 0
};
// Sorts the overview's uploads. *processes is in the order of examination; free it with choice_free.
enum receiver_error choice_make(struct overview *overview, struct process **processes, size_t *count);
void choice_free(struct process *processes, size_t count);

// Copies at most `max` of a process's uploads, evenly spaced, with the first and the last. uploads has capacity for `max`. Returns the
// count.
size_t choice_thin(const struct process *process, size_t max, struct listed_upload *uploads);
// The points of a measure, TREND_MAX_POINTS at most, and the measures of their uploads.
size_t choice_series(const struct process *process, enum measure measure, struct series_point *points, struct measures *measures);

#endif
