// tally.h: adds up the events of a chunk that a profile cannot tell apart: of one source, with one stack, thread, state and so on, by their
// keys. So a stack is looked up and written once, however many samples it has.
//
// Threads: as its owner. Memory: malloc, about 130 bytes per distinct key, counted against the thread's budget; a key is at least one
// event.
#ifndef CMEMPROF_JFR_TALLY_H
#define CMEMPROF_JFR_TALLY_H

#include "../merge/intern.h"
#include "../merge/merge.h"
#include "jfr.h"

enum jfr_tally_key {
    JFR_KEY_SOURCE, // index of a type of event, which is of one source
    JFR_KEY_STACK,
    JFR_KEY_THREAD,
    JFR_KEY_STATE, // of a pool, or of the texts
    JFR_KEY_CLASS, // of a pool, or of the texts
    JFR_KEY_TEXT,  // of the texts
    JFR_KEY_PORT,
    JFR_KEY_OPERATION, // of a pool, or of the texts
    JFR_KEY_SPAN,
    JFR_KEY_ROOT,
    JFR_KEY_BATCH, // of live objects: when they were written, in ticks
    JFR_KEY_TIME,  // unix nanoseconds; 0: not told apart
    JFR_KEY_COUNT
};

struct jfr_tally_row {
    uint64_t keys[JFR_KEY_COUNT];
    int64_t values[JFR_COLUMNS];
    uint32_t hash;
};
struct jfr_tally { // zero-initialize
    struct jfr_tally_row *rows;
    size_t count, capacity;
    uint32_t *slots; // index + 1
    size_t mask;
    size_t counted; // bytes against the budget
    uint64_t seed;
};

// Adds, saturating. False: no memory.
bool jfr_tally_add(struct jfr_tally *tally, const uint64_t keys[JFR_KEY_COUNT], const int64_t values[JFR_COLUMNS]);
void jfr_tally_clear(struct jfr_tally *tally); // keeps the memory
void jfr_tally_free(struct jfr_tally *tally);

// Rounded; 0 if it is no number.
static inline int64_t jfr_rounded(double value) {
    return value >= 9.2e18 ? INT64_MAX : value <= -9.2e18 ? INT64_MIN : value != value ? 0 : (int64_t)(value + (value < 0 ? -0.5 : 0.5));
}

#endif
