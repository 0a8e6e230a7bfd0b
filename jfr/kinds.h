// kinds.h: which events a profile of a kind is made from, and how.
//
// docs/jfr.md is this table for people.
// Threads: any. Memory: none.
#ifndef CMEMPROF_JFR_KINDS_H
#define CMEMPROF_JFR_KINDS_H

#include "plan.h"

enum jfr_slot {
    JFR_SLOT_START,
    JFR_SLOT_DURATION,
    JFR_SLOT_THREAD,
    JFR_SLOT_STACK,
    JFR_SLOT_STATE,
    JFR_SLOT_CLASS, // a class, or a text that names one
    JFR_SLOT_TEXT,  // path, host
    JFR_SLOT_PORT,
    JFR_SLOT_OPERATION,
    JFR_SLOT_WEIGHT,
    JFR_SLOT_SIZE,
    JFR_SLOT_SPAN,
    JFR_SLOT_ROOT,
    JFR_SLOT_FAILED, // the stack could not be walked
    JFR_SLOT_COUNT
};

enum jfr_rule {             // values of one event, in the order of the kind's columns
    JFR_RULE_PERIOD,        // 1, the period of the source's setting
    JFR_RULE_WEIGHT_PERIOD, // weight, weight x period
    JFR_RULE_OWN_PERIOD,    // 1, weight (a timespan)
    JFR_RULE_SIZE,          // 1, size
    JFR_RULE_WEIGHTED_SIZE, // 1, size x weight
    JFR_RULE_WEIGHT_BOTH,   // weight, size x weight
    JFR_RULE_ONE,           // 1
    JFR_RULE_DURATION,      // 1, duration
    JFR_RULE_TRANSFER,      // 1, size, duration
    JFR_RULE_WEIGHTED_TRANSFER,
};

enum jfr_period {
    JFR_PERIOD_NONE,
    JFR_PERIOD_JVM_CPU,
    JFR_PERIOD_JVM_NATIVE,
    JFR_PERIOD_AGENT_CPU,
    JFR_PERIOD_AGENT_WALL,
    JFR_PERIOD_WALL,
    JFR_PERIODS
};

struct jfr_source {
    const char *event;
    enum jfr_kind kind;
    // Of a kind, only the sources of the lowest rank that occur are used: events of a higher one would count the same again.
    int rank;
    enum jfr_rule rule;
    enum jfr_period period;
    const char *operation; // a fixed label; NULL: none
    struct jfr_wanted fields[10];
};
extern const struct jfr_source jfr_sources[];
extern const size_t jfr_source_count;

const char *jfr_class_key(enum jfr_kind kind); // the label's key for JFR_SLOT_CLASS
const char *jfr_text_key(enum jfr_kind kind);  // for JFR_SLOT_TEXT
// Whether the source is used for the recording: it has events, and none of a lower rank has.
bool jfr_source_used(const struct jfr *jfr, const struct jfr_source *source);

#endif
