// timeline_sums.h: the sums of a timeline (timeline.h), which timeline.c adds up and timeline_write.c writes.
//
// Threads and memory: those of the timeline.
#ifndef CMEMPROF_RECEIVER_TIMELINE_SUMS_H
#define CMEMPROF_RECEIVER_TIMELINE_SUMS_H

#include "../../merge/intern.h"
#include "thread_states.h"
#include "timeline.h"

#include <math.h>

struct row {
    char *name, *file; // one allocation; file is "" of what is no function
    char kind[16];
    uint32_t group; // of uploads, that the row is of; 0: it is of all
    double *values; // by column
    double untimed; // of the profile that is being added: what has no time of its own, which is spread at its end
    bool is_touched;
    char *label;                        // of a lane: how its samples are chosen, "KEY:VALUE"; else NULL
    double *states[THREAD_SUMS];        // of a lane, by column, in nanoseconds; NULL: there is nothing
    double untimed_states[THREAD_SUMS]; // as untimed
};

struct span {
    double from_ms, to_ms; // of an upload
};
struct grouped_span {
    struct span span;
    uint32_t group;
};

struct timeline {
    const struct timeline_question *question;
    struct row rows[TIMELINE_MAX_ROWS + 1]; // by id, from 1
    uint32_t count;
    struct intern ids;
    uint64_t seed;
    uint32_t touched[TIMELINE_MAX_ROWS + 1], touched_count; // rows with something untimed
    double *others;                                         // rows[0].values: of rows beyond the most
    struct grouped_span *spans;                             // of a gauge: of the uploads that have it
    size_t span_count, span_capacity;
    bool is_limited;    // more rows than can be told apart: those beyond are in the others, and not counted
    bool is_settled;    // the values are a gauge's means, the sums of lanes are states
    size_t profiles;    // with the type
    int64_t timed, all; // samples: with a time of their own, and all
    int64_t outside;    // samples with a time that is in none of the columns
    char unit[100];
    struct profile *warnings; // its comments: those of the profiles with the type
};

static inline double timeline_column_ms(const struct timeline_question *question) {
    return (double)(question->to_ms - question->from_ms) / (double)question->columns;
}

static inline uint32_t timeline_group_of(const struct timeline_question *question, const struct listed_upload *upload) {
    return question->label ? upload->group : 0;
}

// Whether rows tell what threads did.
static inline bool timeline_has_states(const struct timeline_question *question) {
    return question->lanes && !question->is_gauge;
}

// Spreads a value over the columns by how much of a time is in each; times are from the first column's start on, as so many ms since 1970
// leave a double no nanoseconds. whole_ms: what the shares are of.
static inline void timeline_spread_from_start(const struct timeline_question *question, double from_ms, double to_ms, double value,
                                              double whole_ms, double *values) {
    double length = timeline_column_ms(question), last = ceil(to_ms / length), first = floor(from_ms / length);
    size_t end = last >= (double)question->columns ? question->columns : last > 0 ? (size_t)last : 0;
    for (size_t i = first > 0 ? (size_t)first : 0; i < end; i++) {
        double left = (double)i * length, right = left + length;
        double inside = (to_ms < right ? to_ms : right) - (from_ms > left ? from_ms : left);
        values[i] += inside > 0 ? value * inside / whole_ms : 0;
    }
}

// The same of unix times.
static inline void timeline_spread(const struct timeline_question *question, double from_ms, double to_ms, double value, double whole_ms,
                                   double *values) {
    double start = (double)question->from_ms;
    timeline_spread_from_start(question, from_ms - start, to_ms - start, value, whole_ms, values);
}

#endif
