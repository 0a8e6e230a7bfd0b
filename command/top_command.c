// top_command.c: `cmemprof top`: prints the largest entries of profile files; and the commands that are one of its reports.
#include "commands.h"
#include "base/input.h"
#include "base/diagnostic.h"
#include "base/foreign_input.h"
#include "base/recording.h"
#include "live/live.h"
#include "report/table_options.h"

#include <string.h>

#define READS_USAGE OPTIONS_GAUGES_USAGE OPTIONS_READ_USAGE FOREIGN_USAGE RECORDINGS_USAGE

static const char top_usage[] = "usage: cmemprof top [OPTIONS] FILE...\n"
                                "\n"
                                "Prints the largest entries of a profile, or of several merged into one.\n"
                                "\n" TABLE_OPTIONS_USAGE TABLE_OPTIONS_REPORTS_USAGE READS_USAGE;

#define BY_USAGE                                                                                                                           \
    "  --by GROUP           function (default), line, file or package\n"                                                                   \
    "  --group-by KEY       the values of this label are the roots of all stacks\n"                                                        \
    "  --cum                sort by total, which includes callees, not by value (--flat)\n"                                                \
    "  --lines N            functions to print (default all)\n"
#define JSON_USAGE "  --json               for programs (docs/command.md has the members)\n"

static const char tree_usage[] =
    "usage: cmemprof tree [OPTIONS] FILE...\n"
    "\n"
    "Prints all functions, each with its callers above and its callees below. The same as cmemprof top --tree.\n"
    "\n" TABLE_TYPE_USAGE TABLE_SAMPLES_USAGE BY_USAGE TABLE_UNIT_USAGE JSON_USAGE READS_USAGE;

static const char peek_usage[] =
    "usage: cmemprof peek [OPTIONS] REGEX FILE...\n"
    "\n"
    "Prints the functions whose name has a match, each with its callers above and its callees below. The same as\n"
    "cmemprof top --peek REGEX.\n"
    "\n" TABLE_TYPE_USAGE TABLE_SAMPLES_USAGE BY_USAGE TABLE_UNIT_USAGE JSON_USAGE READS_USAGE;

static const char list_usage[] =
    "usage: cmemprof list [OPTIONS] REGEX FILE...\n"
    "\n"
    "Prints the source lines of the functions whose name has a match, with their values. The same as\n"
    "cmemprof top --list REGEX.\n"
    "\n"
    "  --source_path DIRS   directories where sources are looked for, with colons (default: the current one); only\n"
    "                       files below them are read\n"
    "  --trim_path DIRS     what paths of sources begin with elsewhere, with colons\n" TABLE_TYPE_USAGE TABLE_SAMPLES_USAGE TABLE_UNIT_USAGE
        JSON_USAGE READS_USAGE;

static const char disasm_usage[] =
    "usage: cmemprof disasm [OPTIONS] REGEX FILE...\n"
    "\n"
    "Prints the instructions of the functions whose name has a match, with their values, where the program or library that\n"
    "was profiled is on this machine: a file of the same build ID. The same as cmemprof top --disasm REGEX.\n"
    "\n"
    "  --debug-dir DIR      a directory of programs and files with symbols, named by build ID (.build-id/ab/cdef.debug,\n"
    "                       abcdef.debug) or otherwise\n" TABLE_TYPE_USAGE TABLE_SAMPLES_USAGE TABLE_UNIT_USAGE JSON_USAGE READS_USAGE;

static const char owners_usage[] =
    "usage: cmemprof owners [OPTIONS] FILE...\n"
    "\n"
    "Prints C memory by the function of the program that owns it: in Go, the innermost function of the program's own\n"
    "packages that led to it. Each row has the library that it called, and, where they are known, the functions of that\n"
    "library which open and close what is kept, with the blocks in use, allocated and freed in between, and two standard\n"
    "errors of sampling. The same as cmemprof top --owners.\n"
    "\n" TABLE_PAIRS_USAGE TABLE_SAMPLES_USAGE "  --unit BYTES         unit of all values: B, kB, MB, GB, KiB, MiB, GiB\n"
    "  --exact              plain numbers and full names, for other programs to read\n"
    "  --lines N            rows to print (default 10)\n" JSON_USAGE READS_USAGE;

// Merges the base's files. Returns NULL if there are none, or after an error message.
static struct profile *read_base(const struct options *options, struct table_options *table) {
    struct options of_base = *options;
    of_base.files = table->bases;
    of_base.file_count = table->base_count;
    return table->base_count > 0 ? input_merge(&of_base) : NULL;
}

static int print(struct options *options, struct table_options *table) {
    const char *name = options->file_count == 1 ? options->files[0] : "the files";
    const char *base_name = table->base_count == 1 ? table->bases[0] : "the bases";
    struct recordings recordings = {.type = table->top.type};
    options->recordings = &recordings;
    options->gauges = table->gauges;
    options->gauge_type = table->top.type;
    if (table->normalize && table->base_count == 0) {
        return diagnostic_usage(options->command, "--normalize needs a base: --diff_base FILE");
    }
    input_gauges_text(options, table->top.note);
    struct profile *base = read_base(options, table), *profile = base || table->base_count == 0 ? input_merge(options) : NULL;
    if (profile) {
        table->top.not_of_go = options->recordings->count + options->recordings->foreign > 0;
        table->top.type = recording_shown_type(options, profile, table->top.type);
    }
    int status = profile ? table_options_print(table, &profile, name, &base, base_name) : STATUS_FAILED;
    profile_free(profile);
    profile_free(base);
    return status;
}

static int watch(struct options *options, struct table_options *table) {
    struct recordings recordings = {.type = table->top.type};
    options->recordings = &recordings;
    if (options->file_count > 1) {
        return diagnostic_usage(options->command, "--live shows one file, URL or process");
    }
    if (strcmp(options->files[0], "-") == 0) {
        return diagnostic_usage(options->command, "--live reads again and again, and standard input can be read only once");
    }
    return live_run(options, table);
}

// report, functions: as of table_options_choose; report 0: the options choose.
static int run(const char *command, const char *usage, enum table_option report, bool takes_functions, int argc, char **argv) {
    struct table_options table = {.command = command, .by_stack = true, .interval_ms = 2000};
    struct options options;
    const struct options_spec spec = {.command = command,
                                      .usage = usage,
                                      .own = table_rules_options,
                                      .take = table_options_take,
                                      .context = &table,
                                      .min_files = takes_functions ? 0 : 1,
                                      .max_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    if (status < 0 && takes_functions && options.file_count < 2) {
        status =
            diagnostic_usage(command, options.file_count == 0 ? "which functions? Give an expression, and a file" : "a file is needed");
    }
    if (status < 0 && report) {
        status = table_options_choose(&table, report, takes_functions ? options.files[0] : NULL);
        status = status == STATUS_DONE ? -1 : status;
        options.files += takes_functions;
        options.file_count -= takes_functions;
    }
    status = status < 0 ? table_options_settle(&table, false) : status;
    if (status < 0) {
        table.is_single = options.file_count == 1;
        status = table.live ? watch(&options, &table) : print(&options, &table);
    }
    table_options_free(&table);
    return status;
}

int top_command(int argc, char **argv) {
    return run("top", top_usage, 0, false, argc, argv);
}
int owners_command(int argc, char **argv) {
    return run("owners", owners_usage, OPTION_OWNERS, false, argc, argv);
}
int tree_command(int argc, char **argv) {
    return run("tree", tree_usage, OPTION_TREE, false, argc, argv);
}
int peek_command(int argc, char **argv) {
    return run("peek", peek_usage, OPTION_PEEK, true, argc, argv);
}
int disasm_command(int argc, char **argv) {
    return run("disasm", disasm_usage, OPTION_DISASM, true, argc, argv);
}
int list_command(int argc, char **argv) {
    return run("list", list_usage, OPTION_LIST, true, argc, argv);
}
