// top_command.c: `cmemprof top`: prints what weighs most in profile files.
#include "commands.h"
#include "input.h"
#include "table_options.h"

static const char usage[] = "usage: cmemprof top [OPTIONS] FILE...\n"
                            "\n"
                            "Prints what weighs most in a profile, or in several as one.\n"
                            "\n" TABLE_OPTIONS_USAGE OPTIONS_READ_USAGE;

int top_command(int argc, char **argv) {
    struct table_options table = {.command = "top", .top = {.lines = 10, .by_stack = true}};
    struct options options;
    const struct options_spec spec = {.command = "top",
                                      .usage = usage,
                                      .own = table_options_list,
                                      .take = table_options_take,
                                      .context = &table,
                                      .least_files = 1,
                                      .most_files = SIZE_MAX};
    int status = options_parse(&spec, argc, argv, &options);
    if (status < 0) {
        struct profile *profile = input_merge(&options);
        const char *name = options.file_count == 1 ? options.files[0] : "the files";
        status = profile ? table_options_print(&table, profile, name, NULL, NULL) : 1;
        profile_free(profile);
    }
    table_options_free(&table);
    return status;
}
