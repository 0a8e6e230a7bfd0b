// convert_command.c: `cmemprof convert`: profiles of recordings of Java and of files of other tools, and files for other tools.
#include "../receiver/views/export.h"
#include "commands.h"
#include "base/diagnostic.h"
#include "base/file_title.h"
#include "base/flame_png.h"
#include "base/foreign_input.h"
#include "base/recording.h"
#include "base/report_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: cmemprof convert [OPTIONS] FILE...\n"
    "\n"
    "Makes a pprof profile of a file of another tool, or of a recording of Java Flight Recorder, as the JVM, dd-java-agent and\n"
    "async-profiler write it; or a file for another tool of any of these, or of a profile. Several files are merged, as by\n"
    "cmemprof merge.\n"
    "\n"
    "  --to FORMAT          pprof (default), otlp, folded, speedscope, json (d3-flame-graph), csv, svg,\n"
    "                       png (drawn by libcairo.so.2, Debian's package libcairo2), html (the page in one file, as cmemprof report)\n"
    "  --type KIND          of a recording, which profile (see below); default: the first of these that it has. Else the sample\n"
    "                       type of a folded, speedscope, json, csv, svg or png file; default: the one that cmemprof top "
    "shows\n" OPTIONS_OUTPUT_USAGE OPTIONS_COMPRESSION_USAGE OPTIONS_READ_USAGE FOREIGN_USAGE RECORDINGS_USAGE;

static const struct option own[] = {{"type", required_argument, NULL, 't'}, {"to", required_argument, NULL, 'f'}, {0}};

struct arguments {
    struct recordings recordings;
    enum export_format format;
    bool is_page, is_picture; // --to html, --to png, in place of a format
};

static int take(void *context, int option, const char *value) {
    struct arguments *arguments = context;
    if (option == 't') {
        arguments->recordings.type = value;
        return STATUS_DONE;
    }
    arguments->is_page = strcmp(value, "html") == 0;
    arguments->is_picture = strcmp(value, "png") == 0;
    arguments->format = arguments->is_page ? EXPORT_PPROF : arguments->is_picture ? EXPORT_SVG : export_named(value);
    return arguments->format != EXPORT_FORMATS
               ? STATUS_DONE
               : diagnostic_usage("convert", "--to is pprof, otlp, folded, speedscope, json, csv, svg, png or html, not %s", value);
}

static void note_warnings(const struct options *options, const struct profile *profile) {
    enum { MAX_WARNINGS = 16 };
    const char *texts[MAX_WARNINGS];
    size_t count = profile_warnings(profile, texts, MAX_WARNINGS);
    for (size_t i = 0; i < count; i++) {
        diagnostic_note(options->command, "warning: %s", texts[i]);
    }
}

// Whether a file is a recording as it is, which can be mapped.
static bool is_raw_recording(const char *path) {
    char start[8] = {0};
    FILE *file = strcmp(path, "-") != 0 ? fopen(path, "re") : NULL;
    size_t size = file ? fread(start, 1, sizeof start, file) : 0;
    if (file) {
        fclose(file);
    }
    return jfr_is_recording(start, size);
}

static struct profile *convert(const struct options *options) {
    const char *path = options->files[0];
    if (options->file_count == 1 && is_raw_recording(path)) {
        options->recordings->count++;
        return recording_convert_file(options, path);
    }
    return input_merge(options);
}

static int write_pprof(const struct options *options, const char *type, struct profile *profile, bool of_recording) {
    if (type && !of_recording) {
        return diagnostic_usage(options->command,
                                "a pprof file has all sample types: --type needs a recording, or --to with a format of one type");
    }
    return output_profile(options->command, &options->output, options->output.path, profile);
}

static int error_no_type(const struct options *options, const char *type) {
    return diagnostic_error(options->command, input_name(options->files[0]), "it has no sample type %s", type ? type : "");
}

static int write_page(const struct options *options, const char *type, struct profile *profile) {
    char title[FILE_TITLE_BYTES];
    struct report report = {0};
    if (type && profile_sample_type_chosen(profile, type) < 0) {
        return error_no_type(options, type);
    }
    int status = report_file_add(options, &report, 0, options->recordings->count > 0, profile);
    status = status == STATUS_DONE
                 ? report_file_write(options, &report, type, file_title_of_all(options->files, options->file_count, title))
                 : status;
    report_free(&report);
    return status;
}

// Once for a file of a format that cannot draw them.
static void note_negative(const struct options *options, struct profile *profile, size_t type) {
    size_t count = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        count += profile_sample_without_frames(profile, i, &sample) == MERGE_OK && sample.values[type] < 0;
    }
    if (count > 0) {
        diagnostic_note(options->command,
                        "warning: %zu samples have values below 0, which this format cannot draw: frames of them are left out, and "
                        "those beside them are too wide or cut; folded, csv and json have all",
                        count);
    }
}

// A file of one sample type, or OTLP. type: of --type; one that named the profile of a recording is none.
static int write_other(const struct options *options, enum export_format format, const char *type, struct profile *profile) {
    const char *path = options->files[0];
    char title[FILE_TITLE_BYTES];
    struct json file = {0};
    int index = profile_sample_type_chosen(profile, type);
    if (export_is_of_type(format) && index < 0) {
        return error_no_type(options, type);
    }
    if (format == EXPORT_SVG || format == EXPORT_SPEEDSCOPE) {
        note_negative(options, profile, (size_t)index);
    }
    const struct tree_options tree = {.type_index = index > 0 ? (size_t)index : 0, .base_type_index = -1};
    enum receiver_error error = export_write(profile, &tree, format, file_title_of_all(options->files, options->file_count, title), &file);
    if (error != RECEIVER_OK) {
        return diagnostic_error(options->command, input_name(path), "%s",
                                error == RECEIVER_TOO_LARGE ? "the file would be larger than 256 MiB" : receiver_error_text(error));
    }
    int status = output_write(options->command, options->output.path, file.bytes, file.size);
    json_free(&file);
    return status;
}

// The picture of an SVG file, in pixels.
static int write_picture(const struct options *options, const char *type, struct profile *profile) {
    char title[FILE_TITLE_BYTES];
    struct json file = {0};
    struct tree tree = {0};
    int index = profile_sample_type_chosen(profile, type);
    if (index < 0) {
        return error_no_type(options, type);
    }
    note_negative(options, profile, (size_t)index);
    const struct tree_options of = {.type_index = (size_t)index, .base_type_index = -1};
    enum merge_error error = tree_build(profile, &of, &tree);
    if (error != MERGE_OK) {
        return diagnostic_error(options->command, input_name(options->files[0]), "%s", merge_error_text(error));
    }
    const struct export_tree drawn = {&tree, profile_sample_type_name(profile, (size_t)index),
                                      profile_sample_type_unit(profile, (size_t)index),
                                      file_title_of_all(options->files, options->file_count, title)};
    const char *fault = flame_png(&drawn, flame_png_library, &file);
    tree_free(&tree);
    if (fault) {
        return diagnostic_error(options->command, NULL, "%s", fault);
    }
    int status = output_write(options->command, options->output.path, file.bytes, file.size);
    json_free(&file);
    return status;
}

static int check(const struct options *options, const struct arguments *arguments) {
    enum export_format format = arguments->format;
    if ((format != EXPORT_PPROF || arguments->is_page) && options->compression_given) {
        return diagnostic_usage(options->command, "--compression and --level are of pprof files");
    }
    int status = export_is_of_type(format) && !arguments->is_picture ? STATUS_DONE : output_check(options->command, &options->output);
    return status == STATUS_DONE ? output_check_inputs(options->command, &options->output, options->files, options->file_count) : status;
}

int convert_command(int argc, char **argv) {
    struct arguments arguments = {.format = EXPORT_PPROF};
    struct options options;
    const struct options_spec spec = {.command = "convert",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &arguments,
                                      .writes = true,
                                      .min_files = 1,
                                      .max_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    options.recordings = &arguments.recordings;
    status = check(&options, &arguments);
    struct profile *profile = status == STATUS_DONE ? convert(&options) : NULL;
    if (profile) {
        const char *type = arguments.recordings.type;
        note_warnings(&options, profile);
        const char *shown = recording_shown_type(&options, profile, type);
        status = arguments.is_page                  ? write_page(&options, shown, profile)
                 : arguments.is_picture             ? write_picture(&options, shown, profile)
                 : arguments.format == EXPORT_PPROF ? write_pprof(&options, type, profile, arguments.recordings.count > 0)
                                                    : write_other(&options, arguments.format, shown, profile);
    } else if (status == STATUS_DONE) {
        status = STATUS_FAILED;
    }
    profile_free(profile);
    return status;
}
