// report_command.c: `cmemprof report`: profiles as one page in a file, which works without a receiver and without a network.
#include "../receiver/views/label_frames.h"
#include "base/diagnostic.h"
#include "base/file_title.h"
#include "base/foreign_input.h"
#include "base/input.h"
#include "base/recording.h"
#include "base/report_file.h"
#include "commands.h"

#include <stdio.h>

static const char usage[] =
    "usage: cmemprof report [OPTIONS] -o FILE.html FILE...\n"
    "\n"
    "Writes one HTML file with the receiver's page and these profiles in it: flame graphs, tables, labels, comparison of two. It needs\n"
    "nothing else, and asks nothing of a network: send it, attach it to a ticket, keep it as what a build has made.\n"
    "\n"
    "      --title TEXT     what the report is about; default: the names of the files\n" OPTIONS_OUTPUT_USAGE OPTIONS_READ_USAGE
        FOREIGN_USAGE "Of a recording of Java (.jfr) all its profiles are shown.\n";

static int take(void *context, int option, const char *value) {
    (void)option;
    *(const char **)context = value;
    return STATUS_DONE;
}

// One file, whatever it is of; NULL after an error message.
static struct profile *read_one(const struct options *options, char *path) {
    struct options one = *options;
    one.files = &path;
    one.file_count = 1;
    struct profile *profile = input_merge(&one);
    if (profile && label_frames_give(&profile) != MERGE_OK) {
        diagnostic_error(options->command, input_name(path), "out of memory");
        profile_free(profile);
        return NULL;
    }
    return profile;
}

static int add_all(const struct options *options, struct report *report) {
    int status = STATUS_DONE;
    for (size_t i = 0; i < options->file_count && status == STATUS_DONE; i++) {
        size_t recordings = options->recordings->count;
        struct profile *profile = read_one(options, options->files[i]);
        status = profile ? report_file_add(options, report, i, options->recordings->count > recordings, profile) : STATUS_FAILED;
        profile_free(profile);
    }
    return status;
}

int report_command(int argc, char **argv) {
    static const struct option own[] = {{"title", required_argument, NULL, 't'}, {0}};
    const char *title = NULL;
    char names[FILE_TITLE_BYTES];
    struct recordings recordings = {.all_kinds = true};
    struct options options;
    const struct options_spec spec = {.command = "report",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &title,
                                      .writes = true,
                                      .min_files = 1,
                                      .max_files = 1000};
    int status = options_parse(&spec, argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    if (options.compression_given) {
        return diagnostic_usage("report", "--compression and --level are of pprof files");
    }
    options.recordings = &recordings;
    status = output_check("report", &options.output);
    status = status == STATUS_DONE ? output_check_inputs("report", &options.output, options.files, options.file_count) : status;
    struct report report = {0};
    status = status == STATUS_DONE ? add_all(&options, &report) : status;
    status = status == STATUS_DONE
                 ? report_file_write(&options, &report, NULL, title ? title : file_title_of_all(options.files, options.file_count, names))
                 : status;
    report_free(&report);
    return status;
}
