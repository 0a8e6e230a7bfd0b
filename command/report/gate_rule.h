// gate_rule.h: a limit that makes a command fail, for tests in a pipeline: --fail-if 'leaked>1MB', --fail-if 'alloc_space:+5%'.
//
//   NAME>LIMIT     the value is above LIMIT
//   NAME:+LIMIT    it has grown by more than LIMIT since the base
//   NAME:+N%       it has grown by more than N percent of the base
//
// LIMIT is a number with the unit of text_has_unit (1MB, 512KiB, 30s), or without one in the unit of the value itself.
//
// Threads: any. Memory: none; text points into argv.
#ifndef CMEMPROF_GATE_RULE_H
#define CMEMPROF_GATE_RULE_H

#include <stdbool.h>

enum gate_kind { GATE_ABOVE, GATE_GROWS, GATE_GROWS_PERCENT };
enum { GATE_NAME_BYTES = 64, GATE_UNIT_BYTES = 8 };

struct gate_rule {
    const char *text; // as it was given
    char name[GATE_NAME_BYTES];
    enum gate_kind kind;
    double limit;               // in unit, or percent
    char unit[GATE_UNIT_BYTES]; // "MB"; "": none
};

// Returns NULL, or what is wrong.
const char *gate_rule_parse(const char *text, struct gate_rule *rule);

#endif
