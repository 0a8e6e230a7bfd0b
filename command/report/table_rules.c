// table_rules.c: checks the options of top and diff (table_rules.h).
#include "table_rules.h"
#include "../base/diagnostic.h"

#include <stdio.h>
#include <string.h>

#define OPTION_ROW(option, name, value, reports) {name, value ? required_argument : no_argument, NULL, OPTION_##option},
const struct option table_rules_options[TABLE_OPTION_COUNT + 1] = {TABLE_RULES(OPTION_ROW){0}};

#define REPORTS_ROW(option, name, value, reports) reports,
static const unsigned reports_of[] = {TABLE_RULES(REPORTS_ROW)};

static const char *const report_names[REPORT_COUNT] = {"--by function", "--by stack", "--peek", "--tree",   "--list",  "--disasm",
                                                       "--traces",      "--raw",      "--tags", "--owners", "--output"};

_Static_assert(TABLE_OPTION_COUNT <= 64, "each option has its bit");

// Of each set at most one may be given: they contradict each other, or one makes the other meaningless.
#define BIT(option) ((uint64_t)1 << (OPTION_##option - TABLE_OPTION_FIRST))
static const uint64_t exclusive[] = {
    BIT(TOP) | BIT(TEXT) | BIT(PEEK) | BIT(TREE) | BIT(LIST) | BIT(DISASM) | BIT(TRACES) | BIT(RAW) | BIT(TAGS) | BIT(OWNERS),
    BIT(TYPE) | BIT(SAMPLE_INDEX) | BIT(INUSE_SPACE) | BIT(INUSE_OBJECTS) | BIT(ALLOC_SPACE) | BIT(ALLOC_OBJECTS),
    BIT(BY) | BIT(FUNCTIONS) | BIT(FILE_FUNCTIONS) | BIT(FILES),
    BIT(CUM) | BIT(FLAT),
    BIT(GROUP_BY) | BIT(TAG_ROOT),
    BIT(LINES) | BIT(NODE_COUNT),
    BIT(DIFF_BASE) | BIT(BASE),
    BIT(EXACT) | BIT(UNIT),
    BIT(NORMALIZE) | BIT(FAIL_IF), // scaled to the base, nothing has grown
    BIT(EXACT) | BIT(DEPTH),
    BIT(LIVE) | BIT(DIFF_BASE) | BIT(BASE),
    BIT(LIVE) | BIT(NORMALIZE),
    BIT(LIVE) | BIT(FAIL_IF),
    BIT(LIVE) | BIT(EXACT),
    BIT(LIVE) | BIT(DEPTH),
    BIT(LIVE) | BIT(GAUGES),
    BIT(JSON) | BIT(LIVE),
    BIT(JSON) | BIT(EXACT),
    BIT(JSON) | BIT(UNIT),
    BIT(JSON) | BIT(DEPTH),
};

const char *table_rules_name(enum table_option option) {
    return table_rules_options[option - TABLE_OPTION_FIRST].name;
}

bool table_rules_takes(enum report report, enum table_option option) {
    return reports_of[option - TABLE_OPTION_FIRST] & (1U << report);
}

// Grouping by something other than stacks, or an order that stacks do not have.
static const uint64_t asks_table =
    BIT(TOP) | BIT(TEXT) | BIT(BY) | BIT(FUNCTIONS) | BIT(FILE_FUNCTIONS) | BIT(FILES) | BIT(CUM) | BIT(FLAT);

bool table_rules_by_label(uint64_t given, bool asks_stack) {
    return given & (BIT(GROUP_BY) | BIT(TAG_ROOT)) && !asks_stack && !(given & asks_table);
}

enum report table_rules_report(uint64_t given, bool by_stack, bool asks_stack) {
    for (int i = 0; REPORT_PEEK + i <= REPORT_OWNERS; i++) { // options and reports have the same order
        if (given & table_rules_bit(OPTION_PEEK + (enum table_option)i)) {
            return REPORT_PEEK + (enum report)i;
        }
    }
    bool by_label = table_rules_by_label(given, asks_stack);
    return asks_stack || (by_stack && !by_label && !(given & asks_table)) ? REPORT_STACKS : REPORT_TABLE;
}

// ---- Combinations ----

static int error_not_taken(const char *command, enum table_option option, const char *report) {
    char text[200] = "";
    size_t used = 0;
    for (int other = 0; other < REPORT_COUNT; other++) {
        if (table_rules_takes((enum report)other, option)) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", report_names[other]);
        }
    }
    return diagnostic_usage(command, "--%s does not apply to %s, only to %s", table_rules_name(option), report, text);
}

static int error_contradiction(const char *command, uint64_t both) {
    int first = __builtin_ctzll(both), second = __builtin_ctzll(both & (both - 1));
    return diagnostic_usage(command, "--%s and --%s exclude each other", table_rules_options[first].name, table_rules_options[second].name);
}

int table_rules_check(const char *command, uint64_t given, enum report report, bool asks_stack) {
    for (size_t i = 0; i < sizeof exclusive / sizeof *exclusive; i++) {
        if (__builtin_popcountll(given & exclusive[i]) > 1) {
            return error_contradiction(command, given & exclusive[i]);
        }
    }
    if (!(given & BIT(LIVE)) && given & (BIT(INTERVAL) | BIT(COUNT))) {
        return diagnostic_usage(command, "--%s is of --live", given & BIT(COUNT) ? "count" : "interval");
    }
    if (asks_stack && report != REPORT_STACKS && table_rules_takes(report, OPTION_BY)) {
        return diagnostic_usage(command, "--by stack does not apply to %s", report_names[report]);
    }
    for (enum table_option option = TABLE_OPTION_FIRST; option < OPTION_END; option++) {
        if (given & table_rules_bit(option) && !table_rules_takes(report, option)) {
            return error_not_taken(command, option, report_names[report]);
        }
    }
    return STATUS_DONE;
}
