// table_options.h: the options of the commands that print a table (top, diff), and printing it, or another report of one profile.
//
// They have the names of `go tool pprof`, too, where it has such an option. Threads: one. Memory: that of struct top.
#ifndef CMEMPROF_TABLE_OPTIONS_H
#define CMEMPROF_TABLE_OPTIONS_H

#include "../base/options.h"
#include "reports.h"
#include "table_rules.h"

enum { TABLE_MAX_BASES = 64 };

struct table_options {
    const char *command;
    bool by_stack;   // the command's tables are, unless something else is said
    uint64_t given;  // of table_rules.h
    bool asks_stack; // --by stack
    struct top_options top;
    struct filter filter;
    enum gauges gauges;
    enum report report;
    regex_t functions; // of peek and list
    bool has_functions;
    char *bases[TABLE_MAX_BASES]; // of top
    size_t base_count;
    bool normalize;
};

// For struct options_spec: take (own is table_rules_options, the context a struct table_options), and what --help says of the options.
int table_options_take(void *context, int option, const char *value);
#define TABLE_OPTIONS_USAGE                                                                                                                \
    "  --type TYPE          inuse_space (default if there), inuse_objects, alloc_space, alloc_objects, cpu, ..., or its number\n"          \
    "  --memory C|Go        only memory that C or Go code allocated\n"                                                                     \
    "  --owner WHO          program: without the profiler's own C memory; cmemprof: only that\n"                                           \
    "  --by THING           stack (default of top), function (of diff, and with --cum), line, file or package\n"                           \
    "  --cum                in the order of what is anywhere on the stack, not on top of it (--flat); not by stack\n"                      \
    "  --focus REGEX        only stacks with a function, source or object file that matches\n"                                             \
    "  --ignore REGEX       no stacks with one that matches\n"                                                                             \
    "  --hide REGEX         without such frames; --show REGEX: with no others; --show_from REGEX: none that call them\n"                   \
    "  --tagfocus KEY=REGEX only samples with such a label; --tagignore KEY=REGEX: none with one\n"                                        \
    "  --unit UNIT          of all values: B, kB, MB, GB, KiB, MiB, GiB; ns, us, ms, s, min, h\n"                                          \
    "  --depth N            by stack: most frames of one to print, the program's last to go (default: all of the program's)\n"             \
    "  --lines N            rows to print (default 10)\n"                                                                                  \
    "  --exact              plain numbers and whole names, for other programs to read\n"                                                   \
    "  --normalize          with a base: as much as in the base, so that parts compare\n"
// Of top alone.
#define TABLE_OPTIONS_REPORTS_USAGE                                                                                                        \
    "  --diff_base FILE     what changed since FILE (as cmemprof diff); --base FILE: percentages of what is new\n"                         \
    "Instead of the table, of the same samples (docs/command.md says which of the options each takes):\n"                                  \
    "  --peek REGEX         callers and callees of functions; --tree: of all\n"                                                            \
    "  --list REGEX         source lines of functions\n"                                                                                   \
    "  --traces             every sample with its stack; --raw: with all types and labels\n"                                               \
    "  --tags               labels and their values\n"                                                                                     \
    "Names of go tool pprof are known, with one dash as well: -top (--by function), -sample_index (--type), -nodecount (--lines).\n"

// When all options have been taken: what is printed, and whether all of them mean something to it. writes: it is a profile. -1: go on;
// else the exit status, and the reason is said.
int table_options_settle(struct table_options *table, bool writes);
void table_options_free(struct table_options *table);
// Prints the table of a profile, or of what changed since base (*base NULL: there is none), or another report of the profile. names: of
// both, for what is wrong with them. Each may become another profile, in which labels are frames. Returns the exit status.
int table_options_print(const struct table_options *table, struct profile **profile, const char *name, struct profile **base,
                        const char *base_name);

#endif
