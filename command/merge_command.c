// merge_command.c: `cmemprof merge`: adds up profile files.
#include "../receiver/index/measures.h"
#include "commands.h"
#include "base/input.h"
#include "base/diagnostic.h"
#include "base/foreign_input.h"
#include "base/recording.h"

#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: cmemprof merge [OPTIONS] FILE...\n"
    "\n"
    "Adds up profiles. Sample types that all files have are kept, in the smaller unit where units differ; those left out are\n"
    "named. Gauges, such as memory in use, become a mean.\n"
    "\n" OPTIONS_GAUGES_USAGE "  --type KIND          which profile of recordings of Java (see below)\n"
    "  --union              keep all sample types; a profile that lacks one counts as 0\n" OPTIONS_OUTPUT_USAGE OPTIONS_COMPRESSION_USAGE
        OPTIONS_READ_USAGE FOREIGN_USAGE RECORDINGS_USAGE;

static const struct option own[] = {
    {"union", no_argument, NULL, 'u'}, {"gauges", required_argument, NULL, 'g'}, {"type", required_argument, NULL, 't'}, {0}};

struct arguments {
    bool allow_union;
    enum gauges gauges;
    struct recordings recordings;
};

static int take(void *context, int option, const char *value) {
    struct arguments *arguments = context;
    if (option == 'g') {
        return options_gauges("merge", value, &arguments->gauges);
    }
    if (option == 't') {
        return recording_take_type("merge", value, &arguments->recordings);
    }
    arguments->allow_union = true;
    return STATUS_DONE;
}

// Records in the profile, and prints, how gauges were combined: the values do not show it.
static void note_gauges(const struct options *options, struct profile *profile) {
    char how[INPUT_GAUGES_BYTES], *text = NULL;
    size_t size, gauges = 0;
    FILE *out = *input_gauges_text(options, how) ? open_memstream(&text, &size) : NULL;
    for (size_t i = 0; out && i < profile_sample_type_count(profile); i++) {
        const char *type = profile_sample_type_name(profile, i);
        if (measure_is_gauge(type)) {
            fprintf(out, "%s%s", gauges++ ? ", " : "", type);
        }
    }
    bool written = out && fprintf(out, ": %s" MEASURE_COMBINED, how) > 0;
    if (out && fclose(out) == 0 && written && gauges > 0) {
        profile_add_comment(profile, text);
        diagnostic_note(options->command, "%s", text);
    }
    free(text);
}

static int run(const struct options *options) {
    int status = output_check(options->command, &options->output);
    if (status != STATUS_DONE) {
        return status;
    }
    struct profile *profile = input_merge(options);
    if (profile) {
        note_gauges(options, profile);
    }
    status = profile ? output_profile(options->command, &options->output, options->output.path, profile) : STATUS_FAILED;
    profile_free(profile);
    return status;
}

int merge_command(int argc, char **argv) {
    struct arguments arguments = {0};
    struct options options;
    const struct options_spec spec = {.command = "merge",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &arguments,
                                      .writes = true,
                                      .min_files = 1,
                                      .max_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    options.allow_union = arguments.allow_union;
    options.gauges = arguments.gauges;
    options.recordings = &arguments.recordings;
    return status < 0 ? run(&options) : status;
}
