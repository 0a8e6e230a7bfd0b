// top_command.c: `cmemprof top`: prints the largest entries of profile files.
#include "commands.h"
#include "base/input.h"
#include "base/diagnostic.h"
#include "base/foreign_input.h"
#include "base/recording.h"
#include "report/table_options.h"

static const char usage[] =
    "usage: cmemprof top [OPTIONS] FILE...\n"
    "\n"
    "Prints the largest entries of a profile, or of several merged into one.\n"
    "\n" TABLE_OPTIONS_USAGE TABLE_OPTIONS_REPORTS_USAGE OPTIONS_GAUGES_USAGE OPTIONS_READ_USAGE FOREIGN_USAGE RECORDINGS_USAGE;

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

int top_command(int argc, char **argv) {
    struct table_options table = {.command = "top", .by_stack = true};
    struct options options;
    const struct options_spec spec = {.command = "top",
                                      .usage = usage,
                                      .own = table_rules_options,
                                      .take = table_options_take,
                                      .context = &table,
                                      .min_files = 1,
                                      .max_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    status = status < 0 ? table_options_settle(&table, false) : status;
    if (status < 0) {
        status = print(&options, &table);
    }
    table_options_free(&table);
    return status;
}
