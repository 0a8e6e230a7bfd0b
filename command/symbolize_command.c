// symbolize_command.c: `cmemprof symbolize`: adds names to profiles of stripped programs.
#include "commands.h"
#include "base/input.h"
#include "base/diagnostic.h"
#include "base/web_address.h"
#include "symbols/symbol_namer.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: cmemprof symbolize --binary FILE | --debug-dir DIR [OPTIONS] PROFILE...\n"
    "\n"
    "Adds names to addresses that have none, and rewrites each profile in place, or writes one to --output.\n"
    "\n"
    "  --binary FILE        an unstripped program or library, or its debug file; may be repeated\n"
    "  --debug-dir DIR      a directory of such files, named by build ID (.build-id/ab/cdef.debug, abcdef.debug) or otherwise; may\n"
    "                       be repeated.\n"
    "                       A file is used only for the build with its build ID.\n"
    "  -o, --output FILE    file for one profile (default: in place; for - standard output)\n" OPTIONS_COMPRESSION_USAGE OPTIONS_READ_USAGE;

static const struct option own[] = {{"binary", required_argument, NULL, 'b'}, {"debug-dir", required_argument, NULL, 'd'}, {0}};

struct symbolizing {
    struct symbol_namer *namer;
    bool has_files;
};

static int take(void *context, int option, const char *value) {
    struct symbolizing *symbolizing = context;
    symbolizing->has_files = true;
    bool ok = (option == 'b' ? symbol_namer_add_file : symbol_namer_add_directory)(symbolizing->namer, value);
    return ok ? STATUS_DONE
              : diagnostic_error("symbolize", value, option == 'b' ? "not a readable 64-bit ELF file" : "not a readable directory");
}

static void note_counts(const char *path, const struct symbol_namer_count *count) {
    if (count->asked == 0) {
        diagnostic_note("symbolize", "%s: no address without a name", input_name(path));
    } else if (count->missing) {
        diagnostic_note("symbolize", "%s: %zu of %zu addresses named; no file for %s, build ID %s", input_name(path), count->named,
                        count->asked, count->missing, *count->missing_build_id ? count->missing_build_id : "none");
    } else {
        diagnostic_note("symbolize", "%s: %zu of %zu addresses named", input_name(path), count->named, count->asked);
    }
}

static int symbolize(const struct options *options, struct symbol_namer *namer, const char *path) {
    struct profile *profile = profile_new();
    if (!profile) {
        return diagnostic_error(options->command, path, "%s", merge_error_text(MERGE_NO_MEMORY));
    }
    struct profile_namer named = symbol_namer_for_profiles(namer);
    symbol_namer_begin(namer);
    profile_set_namer(profile, &named);
    int status = input_add(options, path, profile, NULL);
    if (status == STATUS_DONE) {
        struct symbol_namer_count count = symbol_namer_counted(namer);
        const char *to = options->output.path ? options->output.path : strcmp(path, "-") == 0 ? NULL : path;
        status = output_profile(options->command, &options->output, to, profile);
        note_counts(path, &count);
    }
    profile_free(profile);
    return status;
}

static int run(const struct options *options, const struct symbolizing *symbolizing) {
    int status = STATUS_DONE;
    if (!symbolizing->has_files) {
        return diagnostic_usage(options->command, "files with symbols are needed: --binary FILE or --debug-dir DIR");
    }
    if (options->output.path && options->file_count > 1) {
        return diagnostic_usage(options->command, "--output takes one profile; several are rewritten in place");
    }
    for (size_t i = 0; i < options->file_count && !options->output.path; i++) {
        if (web_address_is(options->files[i])) {
            return diagnostic_usage(options->command, "a URL cannot be rewritten in place: --output FILE");
        }
    }
    for (size_t i = 0; i < options->file_count && status == STATUS_DONE; i++) {
        status = symbolize(options, symbolizing->namer, options->files[i]);
    }
    return status;
}

int symbolize_command(int argc, char **argv) {
    struct symbolizing symbolizing = {.namer = symbol_namer_new()};
    struct options options;
    const struct options_spec spec = {.command = "symbolize",
                                      .usage = usage,
                                      .own = own,
                                      .take = take,
                                      .context = &symbolizing,
                                      .writes = true,
                                      .min_files = 1,
                                      .max_files = SIZE_MAX};
    if (!symbolizing.namer) {
        return diagnostic_error("symbolize", "symbols", "%s", merge_error_text(MERGE_NO_MEMORY));
    }
    int status = options_parse(&spec, argc, argv, &options);
    status = status < 0 ? run(&options, &symbolizing) : status;
    symbol_namer_free(symbolizing.namer);
    return status;
}
