// table_options.h: parses the options of top and diff, and prints the table or report they ask for.
//
// Options of `go tool pprof` are accepted under their names as well. Threads: one. Memory: that of struct top.
#ifndef CMEMPROF_TABLE_OPTIONS_H
#define CMEMPROF_TABLE_OPTIONS_H

#include "../base/options.h"
#include "gate.h"
#include "reports.h"
#include "table_rules.h"

enum { TABLE_MAX_BASES = 64 };

struct table_options {
    const char *command;
    bool by_stack;   // default of the command's tables
    uint64_t given;  // set of options, see table_rules.h
    bool asks_stack; // --by stack
    struct top_options top;
    struct filter filter;
    enum gauges gauges;
    enum report report;
    regex_t functions; // for peek, list and disasm
    const char *expression;
    bool has_functions;
    struct owner_pairs *pairs;    // for owners; NULL: the built-in ones
    bool is_single;               // the profile is no merge of several; the caller's
    char *bases[TABLE_MAX_BASES]; // for top
    size_t base_count;
    bool normalize;
    struct gate gate;            // --fail-if
    struct source_paths sources; // for list
    const char *debug_directory; // for disasm; NULL: none
    bool live;
    int64_t interval_ms; // of --live
    unsigned long count; // of refreshes of --live; 0: any number
};

// For struct options_spec: the function take, whose context is a struct table_options (own: table_rules_options), and the --help text.
int table_options_take(void *context, int option, const char *value);
// Parts of it, for the commands that are one report.
#define TABLE_TYPE_USAGE                                                                                                                   \
    "  --type TYPE          inuse_space (default if present), inuse_objects, alloc_space, alloc_objects, cpu, ..., or its number\n"        \
    "  --memory C|Go        only memory that C or Go code allocated\n"
#define TABLE_SAMPLES_USAGE                                                                                                                \
    "  --owner WHO          program: without the profiler's own C memory; cmemprof: only that\n"                                           \
    "  --focus REGEX        only stacks with a function, source or object file that matches\n"                                             \
    "  --ignore REGEX       only stacks without a match\n"                                                                                 \
    "  --hide REGEX         drop matching frames; --show REGEX: keep only those; --show_from REGEX: drop callers of those\n"               \
    "  --tagfocus KEY=REGEX only samples with such a label; --tagignore KEY=REGEX: only samples without one\n"
#define TABLE_UNIT_USAGE                                                                                                                   \
    "  --unit UNIT          unit of all values: B, kB, MB, GB, KiB, MiB, GiB; ns, us, ms, s, min, h\n"                                     \
    "  --exact              plain numbers and full names, for other programs to read\n"
#define TABLE_PAIRS_USAGE "  --pairs FILE         more functions that open and close, two names a line\n"
#define TABLE_OPTIONS_USAGE                                                                                                                \
    TABLE_TYPE_USAGE TABLE_SAMPLES_USAGE                                                                                                   \
        "  --by THING           stack (default of top), function (default of diff and with --cum), line, file or package\n"                \
        "  --group-by KEY       a row for each value of this label (by tenant, by endpoint). With --by, --cum, --peek, --tree or\n"        \
        "                       --traces: the values are the roots of all stacks\n"                                                        \
        "  --cum                sort by total, which includes callees, not by value (--flat); not with --by stack\n" TABLE_UNIT_USAGE      \
        "  --depth N            by stack: maximum frames to print; the program's are cut last (default: all of the program's)\n"           \
        "  --lines N            rows to print (default 10)\n"                                                                              \
        "  --json               for programs: plain numbers and full names (docs/command.md has the members)\n"                            \
        "  --normalize          with a base: scale totals to those of the base\n" GATE_USAGE
// For top only.
#define TABLE_OPTIONS_REPORTS_USAGE                                                                                                        \
    "  --live               again and again, with rates; FILE may be the number of a process under cmemprof run. On a terminal\n"          \
    "                       keys choose what is shown\n"                                                                                   \
    "  --interval TIME      with --live: how often (2s, 500ms, 1m; default 2s); --count N: so many times\n"                                \
    "  --diff_base FILE     change since FILE (like cmemprof diff); --base FILE: percentages are of the new profile\n"                     \
    "Instead of the table, for the same samples (docs/command.md lists which options apply to each):\n"                                    \
    "  --peek REGEX         callers and callees of functions; --tree: those of all functions\n"                                            \
    "  --list REGEX         source lines of functions; --source_path DIRS: where sources are; --trim_path DIRS: what their paths begin "   \
    "with\n"                                                                                                                               \
    "  --disasm REGEX       instructions of functions; --debug-dir DIR: files with symbols, by build ID\n"                                 \
    "  --traces             every sample with its stack; --raw: the same with all types and labels\n"                                      \
    "  --tags               labels and their values\n"                                                                                     \
    "  --owners             C memory by the function of the program that owns it, with what was opened and closed\n"                       \
    "  --pairs FILE         with --owners: more functions that open and close, two names a line\n"                                         \
    "Option names of go tool pprof work as well, also with one dash: -top (--by function), -sample_index (--type), -nodecount "            \
    "(--lines).\n"

// Called after all options: chooses the report and checks that every option applies to it. writes: diff --output. Returns -1 to continue,
// or the exit status after an error message.
int table_options_settle(struct table_options *table, bool writes);
void table_options_free(struct table_options *table);
// Makes one of the reports the default, as `cmemprof tree` does; functions: of peek and list, else NULL. Before table_options_settle.
// Returns 0, or the exit status after an error message.
int table_options_choose(struct table_options *table, enum table_option report, const char *functions);
// Prints the table of a profile, or of its change since a base (*base NULL: none), or another report of the profile. name, base_name: for
// error messages and summaries; secrets of URLs are not shown. May replace each profile by one in which labels are frames. Holds
// table->gate against them. Returns the exit status.
int table_options_print(struct table_options *table, struct profile **profile, const char *name, struct profile **base,
                        const char *base_name);

#endif
