// options.c: parses the command line of the commands on profiles (options.h).
#include "options.h"
#include "pprof_names.h"
#include "diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OWN = 64 };

static const struct option shared[] = {
    {"help", no_argument, NULL, 'h'}, {"h", no_argument, NULL, 'h'}, {"max-size", required_argument, NULL, 's'}};
static const struct option writing[] = {
    {"output", required_argument, NULL, 'o'}, {"compression", required_argument, NULL, 'c'}, {"level", required_argument, NULL, 'l'}};

bool options_number(const char *text, unsigned long max, unsigned long *number) {
    char *end;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *number > 0 && *number <= max;
}

int options_choice(const char *value, const char *const *names) {
    for (int i = 0; names[i]; i++) {
        if (strcmp(value, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int options_gauges(const char *command, const char *value, enum gauges *gauges) {
    static const char *const names[] = {"mean", "last", "max", "sum", NULL};
    int choice = options_choice(value, names);
    *gauges = (enum gauges)choice;
    return choice < 0 ? diagnostic_usage(command, "--gauges takes mean, last, max or sum, not %s", value) : STATUS_DONE;
}

static int take_compression(const char *value, struct options *options) {
    static const char *const names[] = {"gzip", "zstd", "none", NULL};
    static const enum merge_compression compressions[] = {MERGE_GZIP, MERGE_ZSTD, MERGE_RAW};
    int choice = options_choice(value, names);
    if (choice < 0) {
        return diagnostic_usage(options->command, "--compression takes gzip, zstd or none, not %s", value);
    }
    options->output.compression = compressions[choice];
    return STATUS_DONE;
}

static bool is_shared(int option) {
    return option == 'o' || option == 'c' || option == 'l' || option == 's';
}

static int take_shared(int option, const char *value, struct options *options) {
    unsigned long number;
    options->compression_given |= option == 'c' || option == 'l';
    switch (option) {
    case 'o':
        options->output.path = value;
        return STATUS_DONE;
    case 'c':
        return take_compression(value, options);
    case 'l':
        if (!options_number(value, 22, &number)) {
            return diagnostic_usage(options->command, "--level takes 1 to 12 for gzip and 1 to 22 for zstd, not %s", value);
        }
        options->output.level = (int)number;
        return STATUS_DONE;
    default: // 's'
        if (!options_number(value, 2047, &number)) {
            return diagnostic_usage(options->command, "--max-size takes 1 to 2047 MiB, not %s", value);
        }
        options->limits.input_bytes = options->limits.string_bytes = number << 20;
        return STATUS_DONE;
    }
}

int options_error(const char *command, int option, char **argv) {
    const char *text = argv[optind - 1], *name = text + strspn(text, "-");
    if (option == ':') {
        return diagnostic_usage(command, "%s needs a value", text);
    }
    size_t length = strcspn(name, "=");
    const char *hint = pprof_names_hint(command, name, length);
    return hint ? diagnostic_usage(command, "%.*s %s", (int)(name + length - text), text, hint)
                : diagnostic_usage(command, "unknown option %s", text);
}

static int check(const struct options_spec *spec, struct options *options) {
    int level = options->output.level;
    if (level && options->output.compression == MERGE_RAW) {
        return diagnostic_usage(spec->command, "--level has no effect with --compression none");
    }
    if (level > 12 && options->output.compression == MERGE_GZIP) {
        return diagnostic_usage(spec->command, "--level takes 1 to 12 for gzip, not %d", level);
    }
    if (options->file_count < spec->min_files) {
        return spec->min_files == 1 ? diagnostic_usage(spec->command, "a file is needed")
                                    : diagnostic_usage(spec->command, "%zu files are needed", spec->min_files);
    }
    if (options->file_count > spec->max_files) {
        return diagnostic_usage(spec->command, "takes at most %zu files; unexpected argument %s", spec->max_files,
                                options->files[spec->max_files]);
    }
    size_t standard_input = 0;
    for (size_t i = 0; i < options->file_count; i++) {
        standard_input += strcmp(options->files[i], "-") == 0;
    }
    return standard_input > 1 ? diagnostic_usage(spec->command, "standard input (-) can be read only once") : -1;
}

int options_parse(const struct options_spec *spec, int argc, char **argv, struct options *options) {
    struct option all[MAX_OWN + sizeof shared / sizeof *shared + sizeof writing / sizeof *writing + 1] = {0};
    size_t count = 0;
    *options = (struct options){.command = spec->command, .limits = merge_default_limits, .output = {.compression = MERGE_GZIP}};
    for (const struct option *own = spec->own; own->name && count < MAX_OWN; own++) {
        all[count++] = *own;
    }
    memcpy(&all[count], shared, sizeof shared);
    count += sizeof shared / sizeof *shared;
    if (spec->writes) {
        memcpy(&all[count], writing, sizeof writing);
    }
    optind = 0; // glibc: start a new scan
    opterr = 0;
    for (int option; (option = getopt_long_only(argc, argv, spec->writes ? ":o:" : ":", all, NULL)) != -1;) {
        if (option == 'h') {
            fputs(spec->usage, stdout);
            return STATUS_DONE;
        }
        int status = option == ':' || option == '?' ? options_error(spec->command, option, argv)
                     : is_shared(option)            ? take_shared(option, optarg, options)
                                                    : spec->take(spec->context, option, optarg);
        if (status != STATUS_DONE) {
            return status;
        }
    }
    options->files = argv + optind;
    options->file_count = (size_t)(argc - optind);
    return check(spec, options);
}
