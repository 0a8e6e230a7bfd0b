// gate.h: holds profiles against limits (gate_rule.h) and says which hold: a line each, and summaries for machines (gate_summary.h).
//
// What is not known is no pass: a rule whose value could not be had counts as failed, with the reason.
//
// Threads: one. Memory: the struct, some 40 KiB.
#ifndef CMEMPROF_GATE_H
#define CMEMPROF_GATE_H

#include "../base/text.h"
#include "top.h"
#include "gate_rule.h"

// Exit status of a command whose rules are not kept; that of a program that ran and failed goes first.
enum { STATUS_GATE = 3 };
enum { GATE_MAX_RULES = 32, GATE_MAX_SUMMARIES = 4, GATE_PATH_BYTES = 512, GATE_REASON_BYTES = 240 };

enum gate_verdict { GATE_UNKNOWN, GATE_PASSED, GATE_FAILED };

struct gate_result {
    enum gate_verdict verdict;
    char why[GATE_REASON_BYTES]; // if unknown
    char unit[16];               // of the values: "bytes", "nanoseconds", "count", ""
    bool has_base;
    int64_t value, base;
    double limit; // in the unit; of growth: the growth that is allowed
    double error; // two standard errors of the value, or of the difference, by sampling; 0: none, or not known
    // The site with the most of the value or of the growth: the program's innermost frame of the largest stack. site "": none.
    char site[TEXT_NAME_BYTES], file[GATE_PATH_BYTES];
    int64_t line, site_value;
};

enum gate_format { GATE_MARKDOWN, GATE_JUNIT, GATE_SARIF };

struct gate {
    struct gate_rule rules[GATE_MAX_RULES];
    struct gate_result results[GATE_MAX_RULES];
    size_t count;
    struct gate_summary {
        enum gate_format format;
        const char *path; // "-": standard output
    } summaries[GATE_MAX_SUMMARIES];
    size_t summary_count;
};

#define GATE_USAGE                                                                                                                         \
    "  --fail-if RULE       exit status 3 if RULE holds: 'inuse_space>100MB', and since a base 'alloc_space:+5%' or ':+2MB'; repeatable\n" \
    "  --summary FORMAT:FILE\n"                                                                                                            \
    "                       the results as markdown, junit or sarif; -: standard output\n"

// For the options --fail-if and --summary. Return 0, or STATUS_USAGE after an error message.
int gate_take_rule(const char *command, struct gate *gate, const char *text);
int gate_take_summary(const char *command, struct gate *gate, const char *text);
// Checks what can be known before any work: rules for growth need a base, and a summary needs a rule. The same.
int gate_settle(const char *command, const struct gate *gate, bool has_base);

// Holds one rule against a sample type of the profile and, for rules of growth, of base (NULL: none). options: which samples.
void gate_measure(struct gate *gate, size_t rule, const char *type, struct profile *profile, struct profile *base,
                  const struct top_options *options);
// Holds one rule against a number.
void gate_set(struct gate *gate, size_t rule, int64_t value, const char *unit);
// One rule is unknown.
void gate_set_unknown(struct gate *gate, size_t rule, const char *why);
// The same of a rule that has passed, if the profile's warnings say that its figures are too low.
void gate_doubt_if_incomplete(struct gate *gate, size_t rule, const struct profile *profile);

// Prints a line for each rule on standard error and writes the summaries. subject: what was measured. Returns 0, STATUS_GATE, or
// STATUS_FAILED if a summary could not be written.
int gate_report(const char *command, const char *subject, const struct gate *gate);

// "55.0 MB ± 2.1 MB, limit 50.0 MB; most at build_table (table.c:12): 50.0 MB", of any length up to the size.
void gate_sentence(const struct gate_rule *rule, const struct gate_result *result, char *text, size_t size);

#endif
