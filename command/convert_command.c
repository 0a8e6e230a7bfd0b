// convert_command.c: `cmemprof convert`: a profile of a recording of Java.
#include "commands.h"
#include "base/diagnostic.h"
#include "base/recording.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: cmemprof convert [OPTIONS] FILE\n"
    "\n"
    "Makes a pprof profile of a recording of Java Flight Recorder, as the JVM, dd-java-agent and async-profiler write it.\n"
    "\n"
    "  --type KIND          which profile (see below); default: the first of these that the recording has\n" OPTIONS_OUTPUT_USAGE
        OPTIONS_COMPRESSION_USAGE OPTIONS_READ_USAGE RECORDINGS_USAGE;

static const struct option own[] = {{"type", required_argument, NULL, 't'}, {0}};

static int take(void *context, int option, const char *value) {
    (void)option;
    return recording_take_type("convert", value, context);
}

static void note_warnings(const struct options *options, const struct profile *profile) {
    enum { MAX_WARNINGS = 16 };
    const char *texts[MAX_WARNINGS];
    size_t count = profile_warnings(profile, texts, MAX_WARNINGS);
    for (size_t i = 0; i < count; i++) {
        diagnostic_note(options->command, "warning: %s", texts[i]);
    }
}

static struct profile *convert(const struct options *options) {
    const char *path = options->files[0];
    struct input input = {0};
    struct options plain = *options;
    plain.recordings = NULL; // read as it is
    if (strcmp(path, "-") != 0) {
        return recording_convert_file(options, path);
    }
    struct profile *profile = input_read(&plain, path, &input) == STATUS_DONE ? recording_convert(options, path, &input) : NULL;
    free(input.bytes);
    return profile;
}

int convert_command(int argc, char **argv) {
    struct recordings recordings = {0};
    struct options options;
    const struct options_spec spec = {.command = "convert",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &recordings,
                                      .writes = true,
                                      .min_files = 1,
                                      .max_files = 1};
    int status = options_parse(&spec, argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    options.recordings = &recordings;
    status = output_check("convert", &options.output);
    struct profile *profile = status == STATUS_DONE ? convert(&options) : NULL;
    if (profile) {
        note_warnings(&options, profile);
        status = output_profile("convert", &options.output, options.output.path, profile);
    } else if (status == STATUS_DONE) {
        status = STATUS_FAILED;
    }
    profile_free(profile);
    return status;
}
