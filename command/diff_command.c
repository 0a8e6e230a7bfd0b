// diff_command.c: `cmemprof diff`: what changed between two profiles, as a table or as a profile.
#include "report/diff_base.h"
#include "commands.h"
#include "base/input.h"
#include "base/diagnostic.h"
#include "base/foreign_input.h"
#include "base/recording.h"
#include "report/table_options.h"

#include <stdlib.h>

static const char usage[] =
    "usage: cmemprof diff [OPTIONS] BASE NEW\n"
    "\n"
    "Prints the largest changes from one profile to another, by function. With --output it writes the difference as a\n"
    "profile, as `go tool pprof -diff_base` does: the base's samples are negative and have the label pprof::base.\n"
    "Percentages are of the base's total.\n"
    "\n" TABLE_OPTIONS_USAGE
    "  -o, --output FILE    write the difference as a profile; -: to standard output\n" OPTIONS_COMPRESSION_USAGE OPTIONS_READ_USAGE
        FOREIGN_USAGE RECORDINGS_USAGE;

// Returns NULL after an error message.
static struct profile *read_one(const struct options *options, const char *path) {
    struct options one = *options;
    one.files = (char *[]){(char *)path};
    one.file_count = 1;
    return input_merge(&one);
}

static int print(const struct options *options, struct table_options *table) {
    struct profile *base = read_one(options, options->files[0]), *new = base ? read_one(options, options->files[1]) : NULL;
    if (new) {
        table->top.not_of_go = options->recordings->count + options->recordings->foreign > 0;
        table->top.type = recording_shown_type(options, new, table->top.type);
    }
    int status = new ? table_options_print(table, &new, options->files[1], &base, options->files[0]) : STATUS_FAILED;
    profile_free(new);
    profile_free(base);
    return status;
}

// ---- As a profile ----

// Added to the new profile: the base, inflated and labelled, with the scale -1 for each of its sample types.
struct subtrahend {
    uint8_t *bytes;
    size_t size;
    int64_t *scale;
};

static int make_scale(const struct options *options, const uint8_t *raw, size_t size, struct subtrahend *subtrahend) {
    struct merge_fault fault = {.error = MERGE_NO_MEMORY};
    struct profile *base = profile_new();
    bool read = base && profile_decode(base, raw, size, &options->limits, NULL, &fault) == MERGE_OK;
    size_t count = read ? profile_sample_type_count(base) : 0;
    subtrahend->scale = read ? malloc((count + 1) * sizeof *subtrahend->scale) : NULL;
    for (size_t i = 0; subtrahend->scale && i < count; i++) {
        subtrahend->scale[i] = -1;
    }
    profile_free(base);
    fault.error = read ? MERGE_NO_MEMORY : fault.error;
    return subtrahend->scale ? STATUS_DONE : input_error(options, options->files[0], &(struct input){(uint8_t *)raw, size}, &fault);
}

static int read_base(const struct options *options, struct subtrahend *subtrahend) {
    struct input input;
    struct merge_fault fault = {0};
    uint8_t *raw = NULL;
    size_t size = 0;
    int status = input_read(options, options->files[0], &input);
    if (status == STATUS_DONE && merge_inflate(input.bytes, input.size, options->limits.input_bytes, &raw, &size, &fault) != MERGE_OK) {
        status = input_error(options, options->files[0], &input, &fault);
    }
    free(input.bytes);
    status = status == STATUS_DONE ? make_scale(options, raw, size, subtrahend) : status;
    if (status == STATUS_DONE && !diff_base_mark(raw, size, &subtrahend->bytes, &subtrahend->size)) {
        status = diagnostic_error(options->command, input_name(options->files[0]), "out of memory");
    }
    free(raw);
    return status;
}

static int subtract_base(const struct options *options, struct profile *profile) {
    struct subtrahend base = {0};
    struct merge_fault fault = {0};
    struct merge_limits limits = options->limits;
    int status = read_base(options, &base);
    limits.input_bytes = base.size; // the labels may exceed the limit
    if (status == STATUS_DONE && profile_decode(profile, base.bytes, base.size, &limits, base.scale, &fault) != MERGE_OK) {
        status = input_error(options, options->files[0], &(struct input){base.bytes, base.size}, &fault);
    }
    free(base.bytes);
    free(base.scale);
    return status;
}

static int write(const struct options *options) {
    struct profile *profile = read_one(options, options->files[1]);
    int status = profile ? subtract_base(options, profile) : STATUS_FAILED;
    if (status == STATUS_DONE) {
        input_note_left_out(options, profile);
        status = output_profile(options->command, &options->output, options->output.path, profile);
    }
    profile_free(profile);
    return status;
}

// Returns -1 to continue, or the exit status.
static int check(const struct options *options, struct table_options *table) {
    int status = table_options_settle(table, options->output.path);
    if (status >= 0) {
        return status;
    }
    if (table->report >= REPORT_PEEK && table->report <= REPORT_OWNERS) {
        return diagnostic_usage("diff",
                                "--peek, --tree, --list, --traces, --raw, --tags and --owners apply to one profile: use cmemprof top");
    }
    if (table->live) {
        return diagnostic_usage("diff", "--live applies to one profile that is made again and again: use cmemprof top");
    }
    if (table->given & table_rules_bit(OPTION_GAUGES)) {
        return diagnostic_usage("diff", "--gauges applies to several files that are merged; diff compares two");
    }
    if (table->base_count > 0) {
        return diagnostic_usage(
            "diff", "--base and --diff_base are options of cmemprof top; here the base is the first file: cmemprof diff BASE NEW");
    }
    if (options->compression_given && !options->output.path) {
        return diagnostic_usage("diff", "--compression and --level apply to a profile, which --output FILE writes");
    }
    return -1;
}

int diff_command(int argc, char **argv) {
    struct table_options table = {.command = "diff"};
    struct options options;
    const struct options_spec spec = {.command = "diff",
                                      .usage = usage,
                                      .own = table_rules_options,
                                      .take = table_options_take,
                                      .context = &table,
                                      .writes = true,
                                      .min_files = 2,
                                      .max_files = 2};
    int status = options_parse(&spec, argc, argv, &options);
    struct recordings recordings = {.type = table.top.type};
    options.recordings = &recordings;
    status = status < 0 ? check(&options, &table) : status;
    if (status < 0) {
        status = table.report == REPORT_PROFILE ? write(&options) : print(&options, &table);
    }
    table_options_free(&table);
    return status;
}
