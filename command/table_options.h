// table_options.h: the options of the commands that print a table (top, diff), and printing it.
//
// Threads: one. Memory: that of struct top.
#ifndef CMEMPROF_TABLE_OPTIONS_H
#define CMEMPROF_TABLE_OPTIONS_H

#include "options.h"
#include "top.h"

struct table_options {
    const char *command;
    struct top_options top;
    struct filter filter;
};

// For struct options_spec: own, take (its context is a struct table_options), and what --help says of them.
extern const struct option table_options_list[];
int table_options_take(void *context, int option, const char *value);
#define TABLE_OPTIONS_USAGE                                                                                                                \
    "  --type TYPE          inuse_space (default if there), inuse_objects, alloc_space, alloc_objects, cpu, ...\n"                         \
    "  --memory C|Go        only memory that C or Go code allocated\n"                                                                     \
    "  --owner WHO          program: without the profiler's own C memory; cmemprof: only that\n"                                           \
    "  --by THING           stack, function, line, file or package\n"                                                                      \
    "  --cum                in the order of what is anywhere on the stack, not on top of it\n"                                             \
    "  --focus REGEX        only stacks with a function, source or object file that matches\n"                                             \
    "  --ignore REGEX       no stacks with one that matches\n"                                                                             \
    "  --depth N            most frames of a stack to print, the program's last to go (default: all of the program's)\n"                   \
    "  --lines N            rows to print (default 10)\n"                                                                                  \
    "  --exact              plain numbers and whole names, for other programs to read\n"

void table_options_free(struct table_options *table);
// Prints the table of a profile, or of what changed since base. names: of both, for what is wrong with them. Returns the exit status.
int table_options_print(const struct table_options *table, struct profile *profile, const char *name, struct profile *base,
                        const char *base_name);

#endif
