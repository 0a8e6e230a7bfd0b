// merge_command.c: `cmemprof merge`: profile files in, their sum out.
#include "commands.h"
#include "input.h"
#include "say.h"

#include <stdlib.h>

static const char usage[] =
    "usage: cmemprof merge [OPTIONS] FILE...\n"
    "\n"
    "Adds up profiles. The sample types that all of them have are kept, in the smaller unit where units differ, and what\n"
    "is left out is said.\n"
    "\n"
    "  --union              all types are kept: where a profile lacks one, it has 0 of it\n" OPTIONS_WRITE_USAGE OPTIONS_READ_USAGE;

static const struct option own[] = {{"union", no_argument, NULL, 'u'}, {0}};

static int take(void *context, int option, const char *value) {
    (void)option;
    (void)value;
    *(bool *)context = true;
    return STATUS_DONE;
}

static int run(const struct options *options) {
    int status = output_check(options->command, &options->output);
    if (status != STATUS_DONE) {
        return status;
    }
    struct profile *profile = input_merge(options);
    status = profile ? output_profile(options->command, &options->output, options->output.path, profile) : STATUS_FAILED;
    profile_free(profile);
    return status;
}

int merge_command(int argc, char **argv) {
    bool allow_union = false;
    struct options options;
    const struct options_spec spec = {.command = "merge",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &allow_union,
                                      .writes = true,
                                      .least_files = 1,
                                      .most_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    options.allow_union = allow_union;
    return status < 0 ? run(&options) : status;
}
