// delta_command.c: `cmemprof delta`: differences between cumulative profiles.
#include "../receiver/index/measures.h"
#include "commands.h"
#include "base/input.h"
#include "base/diagnostic.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: cmemprof delta [OPTIONS] OLD NEW...\n"
    "\n"
    "Subtracts each profile from the next. Counters (alloc_objects, alloc_space, contentions, delay) are subtracted; other sample\n"
    "types are those of the newer profile. A counter that went backwards was reset: its new value is the delta. With more than two\n"
    "profiles, --output names a directory, in which each delta gets the name of its newer profile.\n"
    "\n"
    "  --types LIST         counters, separated by commas; all must be in the profiles\n"
    "  --compat WHICH       fastdelta or pprof: a counter that went backwards gives a negative delta, as with these; pprof also\n"
    "                       keeps stacks that vanished, as negative samples\n" OPTIONS_OUTPUT_USAGE OPTIONS_COMPRESSION_USAGE
        OPTIONS_READ_USAGE;

enum { MAX_TYPES = 64 };

struct arguments {
    char *list; // holds the strings of types
    const char *types[MAX_TYPES];
    size_t type_count;
    enum delta_rule rule;
};

static const struct option own[] = {{"types", required_argument, NULL, 't'}, {"compat", required_argument, NULL, 'p'}, {0}};

static int take_rule(struct arguments *arguments, const char *value) {
    static const char *const names[] = {"fastdelta", "pprof", NULL};
    int choice = options_choice(value, names);
    arguments->rule = choice == 0 ? DELTA_LIKE_FASTDELTA : DELTA_LIKE_PPROF;
    return choice < 0 ? diagnostic_usage("delta", "--compat takes fastdelta or pprof, not %s", value) : STATUS_DONE;
}

static int take(void *context, int option, const char *value) {
    struct arguments *arguments = context;
    if (option == 'p') {
        return take_rule(arguments, value);
    }
    free(arguments->list);
    arguments->list = strdup(value);
    arguments->type_count = 0;
    char *rest = arguments->list;
    for (char *type; (type = strsep(&rest, ","));) {
        if (!*type || arguments->type_count == MAX_TYPES) {
            return diagnostic_usage("delta", "--types takes up to %d names, separated by commas, not %s", MAX_TYPES, value);
        }
        arguments->types[arguments->type_count++] = type;
    }
    return arguments->type_count ? STATUS_DONE : diagnostic_error("delta", NULL, "out of memory");
}

// ---- Types ----

// Default of --types: the counters of Go's heap, block and mutex profiles that this profile has.
static int choose_types(const struct options *options, const char *path, const struct input *input, struct arguments *arguments) {
    static const char *const counters[] = {"alloc_objects", "alloc_space", "contentions", "delay"};
    struct merge_fault fault = {.error = MERGE_NO_MEMORY};
    struct profile *profile = profile_new();
    int status = STATUS_DONE;
    if (!profile || profile_decode(profile, input->bytes, input->size, &options->limits, NULL, &fault) != MERGE_OK) {
        status = input_error(options, path, input, &fault);
    }
    for (size_t i = 0; status == STATUS_DONE && i < sizeof counters / sizeof *counters; i++) {
        if (profile_sample_type_index(profile, counters[i]) >= 0) {
            arguments->types[arguments->type_count++] = counters[i];
        }
    }
    profile_free(profile);
    if (status == STATUS_DONE && arguments->type_count == 0) {
        status =
            diagnostic_error(options->command, input_name(path), "has no sample type that is known as a counter; name them with --types");
    }
    return status;
}

// ---- Output ----

// Returns DIRECTORY/NAME, which the caller frees.
static char *path_in(const char *directory, const char *newer) {
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, strcmp(newer, "-") == 0 ? "stdin" : text_base_name(newer)) < 0 ? NULL : path;
}

// The deltas of a series go to an existing directory, and no two may have the same name.
static int check_directory(const struct options *options) {
    struct stat about;
    if (!options->output.path) {
        return diagnostic_usage(options->command, "deltas of more than two profiles need a directory: --output DIRECTORY");
    }
    if (stat(options->output.path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return diagnostic_error(options->command, options->output.path, "is not a directory; deltas of more than two profiles need one");
    }
    for (size_t i = 1; i < options->file_count; i++) {
        for (size_t k = 1; k < i; k++) {
            if (strcmp(text_base_name(options->files[i]), text_base_name(options->files[k])) == 0) {
                return diagnostic_error(options->command, options->files[i], "its delta would have the same name as that of %s",
                                        input_name(options->files[k]));
            }
        }
    }
    return STATUS_DONE;
}

static int write_delta(const struct options *options, const char *newer, const void *bytes, size_t size) {
    if (options->file_count == 2) {
        return output_write(options->command, options->output.path, bytes, size);
    }
    char *path = path_in(options->output.path, newer);
    int status = path ? output_write(options->command, path, bytes, size) : diagnostic_error(options->command, NULL, "out of memory");
    free(path);
    return status;
}

// ---- Series ----

// Without times a delta has no duration, and would be taken for a profile that counts from the program's start.
static int write_marked(const struct options *options, size_t i, const void *bytes, size_t size) {
    char text[1000];
    struct merge_fault fault = {.error = MERGE_NO_MEMORY};
    uint8_t *marked = NULL;
    struct profile *profile = profile_new();
    enum merge_error error = profile ? profile_decode(profile, bytes, size, &options->limits, NULL, &fault) : MERGE_NO_MEMORY;
    if (error == MERGE_OK && profile_duration_ns(profile) == 0) {
        snprintf(text, sizeof text, MEASURE_DIFFERENCE "%.400s less %.400s", text_base_name(input_name(options->files[i])),
                 text_base_name(input_name(options->files[i - 1])));
        profile_add_comment(profile, text);
        error = profile_encode_level(profile, options->output.compression, options->output.level, &marked, &size);
    }
    int status = error == MERGE_OK ? write_delta(options, options->files[i], marked ? marked : bytes, size)
                                   : diagnostic_error(options->command, NULL, "%s", merge_error_text(error));
    profile_free(profile);
    free(marked);
    return status;
}

static int add_file(const struct options *options, struct arguments *arguments, size_t i, struct delta **delta) {
    const char *path = options->files[i];
    struct input input;
    struct merge_fault fault = {0};
    const uint8_t *bytes = NULL; // of the delta
    size_t size;
    int status = input_read(options, path, &input);
    if (status == STATUS_DONE && arguments->type_count == 0) {
        status = choose_types(options, path, &input, arguments);
    }
    if (status == STATUS_DONE && !*delta) {
        *delta = delta_new_with(&(struct delta_options){.types = arguments->types,
                                                        .type_count = arguments->type_count,
                                                        .rule = arguments->rule,
                                                        .level = options->output.level,
                                                        .limits = &options->limits});
        status = *delta ? STATUS_DONE : diagnostic_error(options->command, NULL, "out of memory");
    }
    if (status == STATUS_DONE &&
        delta_step(*delta, input.bytes, input.size, options->output.compression, &bytes, &size, &fault) != MERGE_OK) {
        status = input_error(options, path, &input, &fault);
    }
    free(input.bytes);
    // The first profile is only the base of the next.
    if (status == STATUS_DONE && i > 0) {
        status = write_marked(options, i, bytes, size);
    }
    return status;
}

static int run(const struct options *options, struct arguments *arguments) {
    struct delta *delta = NULL;
    int status = options->file_count > 2 ? check_directory(options) : output_check(options->command, &options->output);
    for (size_t i = 0; i < options->file_count && status == STATUS_DONE; i++) {
        status = add_file(options, arguments, i, &delta);
    }
    if (status == STATUS_DONE && delta_saturated_count(delta) > 0) {
        diagnostic_note(options->command, "differences that overflowed 64 bits: %llu; each is kept at the limit",
                        (unsigned long long)delta_saturated_count(delta));
    }
    delta_free(delta);
    return status;
}

int delta_command(int argc, char **argv) {
    struct arguments arguments = {0};
    struct options options;
    const struct options_spec spec = {.command = "delta",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &arguments,
                                      .writes = true,
                                      .min_files = 2,
                                      .max_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    status = status < 0 ? run(&options, &arguments) : status;
    free(arguments.list);
    return status;
}
