// table_rules.h: the options of top and diff, and which report accepts which. Options without effect are refused.
//
// Threads: one. Memory: none.
#ifndef CMEMPROF_TABLE_RULES_H
#define CMEMPROF_TABLE_RULES_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

// Kinds of output. The table by stack has no totals. REPORT_PROFILE is diff --output.
enum report {
    REPORT_TABLE,
    REPORT_STACKS,
    REPORT_PEEK,
    REPORT_TREE,
    REPORT_LIST,
    REPORT_DISASM,
    REPORT_TRACES,
    REPORT_RAW,
    REPORT_TAGS,
    REPORT_OWNERS,
    REPORT_PROFILE,
    REPORT_COUNT
};
enum {
    RULE_TABLE = 1 << REPORT_TABLE,
    RULE_STACKS = 1 << REPORT_STACKS,
    RULE_PEEK = 1 << REPORT_PEEK | 1 << REPORT_TREE,
    RULE_LIST = 1 << REPORT_LIST,
    RULE_DISASM = 1 << REPORT_DISASM,
    RULE_TRACES = 1 << REPORT_TRACES,
    RULE_RAW = 1 << REPORT_RAW,
    RULE_TAGS = 1 << REPORT_TAGS,
    RULE_OWNERS = 1 << REPORT_OWNERS, // of C memory, blocks and bytes
    RULE_TABLES = RULE_TABLE | RULE_STACKS,
    RULE_VALUES = RULE_TABLES | RULE_PEEK | RULE_LIST | RULE_DISASM | RULE_TRACES | RULE_TAGS, // values of one type
    RULE_SAMPLES = RULE_VALUES | RULE_RAW | RULE_OWNERS,
    RULE_BUT_OWNERS = RULE_VALUES | RULE_RAW,
};

// Each option: its name, whether it takes a value, and the reports that accept it. An option that chooses a report is accepted by that one
// only.
#define TABLE_RULES(X)                                                                                                                     \
    X(TYPE, "type", true, RULE_VALUES)                                                                                                     \
    X(SAMPLE_INDEX, "sample_index", true, RULE_VALUES)                                                                                     \
    X(INUSE_SPACE, "inuse_space", false, RULE_VALUES)                                                                                      \
    X(INUSE_OBJECTS, "inuse_objects", false, RULE_VALUES)                                                                                  \
    X(ALLOC_SPACE, "alloc_space", false, RULE_VALUES)                                                                                      \
    X(ALLOC_OBJECTS, "alloc_objects", false, RULE_VALUES)                                                                                  \
    X(MEMORY, "memory", true, RULE_BUT_OWNERS)                                                                                             \
    X(OWNER, "owner", true, RULE_SAMPLES)                                                                                                  \
    X(FOCUS, "focus", true, RULE_SAMPLES) /* five, in the order of enum filter_kind */                                                     \
    X(IGNORE, "ignore", true, RULE_SAMPLES)                                                                                                \
    X(HIDE, "hide", true, RULE_SAMPLES)                                                                                                    \
    X(SHOW, "show", true, RULE_SAMPLES)                                                                                                    \
    X(SHOW_FROM, "show_from", true, RULE_SAMPLES)                                                                                          \
    X(TAG_FOCUS, "tagfocus", true, RULE_SAMPLES)                                                                                           \
    X(TAG_IGNORE, "tagignore", true, RULE_SAMPLES)                                                                                         \
    X(GROUP_BY, "group-by", true, RULE_TABLES | RULE_PEEK | RULE_TRACES)                                                                   \
    X(TAG_ROOT, "tagroot", true, RULE_TABLES | RULE_PEEK | RULE_TRACES)                                                                    \
    X(GAUGES, "gauges", true, RULE_SAMPLES)                                                                                                \
    X(BY, "by", true, RULE_TABLES | RULE_PEEK | RULE_TRACES)                                                                               \
    X(FUNCTIONS, "functions", false, RULE_TABLE | RULE_PEEK | RULE_TRACES)                                                                 \
    X(FILE_FUNCTIONS, "filefunctions", false, RULE_TABLE | RULE_PEEK | RULE_TRACES)                                                        \
    X(FILES, "files", false, RULE_TABLE | RULE_PEEK | RULE_TRACES)                                                                         \
    X(CUM, "cum", false, RULE_TABLE | RULE_PEEK)                                                                                           \
    X(FLAT, "flat", false, RULE_TABLE | RULE_PEEK)                                                                                         \
    X(UNIT, "unit", true, RULE_VALUES | RULE_OWNERS)                                                                                       \
    X(JSON, "json", false, RULE_TABLES | RULE_PEEK | RULE_LIST | RULE_DISASM | RULE_TAGS | RULE_OWNERS)                                    \
    X(EXACT, "exact", false, RULE_VALUES | RULE_OWNERS)                                                                                    \
    X(DEPTH, "depth", true, RULE_STACKS)                                                                                                   \
    X(LINES, "lines", true, RULE_TABLES | RULE_PEEK | RULE_TAGS | RULE_OWNERS)                                                             \
    X(NODE_COUNT, "nodecount", true, RULE_TABLES | RULE_PEEK | RULE_TAGS | RULE_OWNERS)                                                    \
    X(DIFF_BASE, "diff_base", true, RULE_TABLES)                                                                                           \
    X(BASE, "base", true, RULE_TABLES)                                                                                                     \
    X(NORMALIZE, "normalize", false, RULE_TABLES)                                                                                          \
    X(FAIL_IF, "fail-if", true, RULE_TABLES)                                                                                               \
    X(SUMMARY, "summary", true, RULE_TABLES)                                                                                               \
    X(TOP, "top", false, RULE_TABLE)                                                                                                       \
    X(TEXT, "text", false, RULE_TABLE)                                                                                                     \
    X(PEEK, "peek", true, 1 << REPORT_PEEK)                                                                                                \
    X(TREE, "tree", false, 1 << REPORT_TREE)                                                                                               \
    X(LIST, "list", true, RULE_LIST)                                                                                                       \
    X(DISASM, "disasm", true, RULE_DISASM)                                                                                                 \
    X(TRACES, "traces", false, RULE_TRACES)                                                                                                \
    X(RAW, "raw", false, RULE_RAW)                                                                                                         \
    X(TAGS, "tags", false, RULE_TAGS)                                                                                                      \
    X(OWNERS, "owners", false, RULE_OWNERS)                                                                                                \
    X(PAIRS, "pairs", true, RULE_OWNERS)                                                                                                   \
    X(SOURCE_PATH, "source_path", true, RULE_LIST)                                                                                         \
    X(DEBUG_DIR, "debug-dir", true, RULE_DISASM)                                                                                           \
    X(TRIM_PATH, "trim_path", true, RULE_LIST)                                                                                             \
    X(LIVE, "live", false, RULE_TABLES)                                                                                                    \
    X(INTERVAL, "interval", true, RULE_TABLES)                                                                                             \
    X(COUNT, "count", true, RULE_TABLES)

#define TABLE_RULES_ENUM(option, name, value, reports) OPTION_##option,
enum table_option {
    OPTION_BEFORE_ALL = 255,
    TABLE_RULES(TABLE_RULES_ENUM) OPTION_END,
    TABLE_OPTION_FIRST = OPTION_BEFORE_ALL + 1,
    TABLE_OPTION_COUNT = OPTION_END - TABLE_OPTION_FIRST
};

// For struct options_spec.
extern const struct option table_rules_options[TABLE_OPTION_COUNT + 1];

// The option's bit in a set of given options.
static inline uint64_t table_rules_bit(enum table_option option) {
    return (uint64_t)1 << (option - TABLE_OPTION_FIRST);
}
// "lines".
const char *table_rules_name(enum table_option option);
// Whether the report accepts the option.
bool table_rules_takes(enum report report, enum table_option option);
// Returns the report that the options choose. by_stack: default of the command's tables. asks_stack: --by stack was given.
enum report table_rules_report(uint64_t given, bool by_stack, bool asks_stack);
// Whether the table has a row for each value of the label that was given, since nothing else was asked for.
bool table_rules_by_label(uint64_t given, bool asks_stack);
// Checks that the options can be combined. asks_stack: as above. Returns 0, or the exit status after an error message.
int table_rules_check(const char *command, uint64_t given, enum report report, bool asks_stack);

#endif
