// table_options.c: the options of top and diff (table_options.h).
#include "table_options.h"
#include "say.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct option table_options_list[] = {{"type", required_argument, NULL, 't'},
                                            {"memory", required_argument, NULL, 'm'},
                                            {"by", required_argument, NULL, 'b'},
                                            {"cum", no_argument, NULL, 'u'},
                                            {"focus", required_argument, NULL, 'f'},
                                            {"ignore", required_argument, NULL, 'i'},
                                            {"lines", required_argument, NULL, 'n'},
                                            {"exact", no_argument, NULL, 'e'},
                                            {"owner", required_argument, NULL, 'w'},
                                            {"depth", required_argument, NULL, 'd'},
                                            {0}};

static int take_by(struct table_options *table, const char *value) {
    static const char *const names[] = {"stack", "function", "line", "file", "package", NULL};
    static const enum frame_by by[] = {FRAME_BY_FUNCTION, FRAME_BY_FUNCTION, FRAME_BY_LINE, FRAME_BY_FILE, FRAME_BY_PACKAGE};
    int choice = options_choice(value, names);
    if (choice < 0) {
        return say_usage(table->command, "--by takes stack, function, line, file or package, not %s", value);
    }
    table->top.by = by[choice];
    table->top.by_stack = choice == 0;
    return STATUS_DONE;
}

int table_options_take(void *context, int option, const char *value) {
    static const char *const memories[] = {"C", "Go", NULL}, *const owners[] = {"program", "cmemprof", NULL};
    struct table_options *table = context;
    unsigned long number;
    int choice;
    switch (option) {
    case 't':
        table->top.type = value;
        return STATUS_DONE;
    case 'm':
        choice = options_choice(value, memories);
        table->top.memory = choice == 0 ? TALLY_C : TALLY_GO;
        return choice < 0 ? say_usage(table->command, "--memory takes C or Go, not %s", value) : STATUS_DONE;
    case 'w':
        choice = options_choice(value, owners);
        table->top.owner = choice == 0 ? TALLY_PROGRAMS : TALLY_PROFILERS;
        return choice < 0 ? say_usage(table->command, "--owner takes program or cmemprof, not %s", value) : STATUS_DONE;
    case 'd':
        if (!options_number(value, ULONG_MAX, &number)) {
            return say_usage(table->command, "--depth takes a number from 1, not %s", value);
        }
        table->top.depth = number;
        return STATUS_DONE;
    case 'b':
        return take_by(table, value);
    case 'u':
        table->top.by_total = true;
        return STATUS_DONE;
    case 'e':
        table->top.exact = true;
        return STATUS_DONE;
    case 'f':
    case 'i':
        return filter_compile(table->command, &table->filter, option == 'f' ? FILTER_FOCUS : FILTER_IGNORE, value);
    default: // 'n'
        if (!options_number(value, ULONG_MAX, &number)) {
            return say_usage(table->command, "--lines takes a number from 1, not %s", value);
        }
        table->top.lines = number;
        return STATUS_DONE;
    }
}

void table_options_free(struct table_options *table) {
    filter_free(&table->filter);
}

static size_t terminal_width(void) {
    struct winsize window;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 60) {
        return window.ws_col;
    }
    return 120;
}

static int say_types(const struct table_options *table, const struct profile *profile, const char *name) {
    char *types = NULL;
    size_t size;
    FILE *text = open_memstream(&types, &size);
    for (size_t i = 0; text && i < profile_sample_type_count(profile); i++) {
        fprintf(text, "%s %s", i ? "," : "", profile_sample_type_name(profile, i));
    }
    if (text) {
        fclose(text);
    }
    int status = say_failed(table->command, name, "the profile has no such sample type; it has%s", types ? types : "");
    free(types);
    return status;
}

int table_options_print(const struct table_options *table, struct profile *profile, const char *name, struct profile *base,
                        const char *base_name) {
    struct top_options options = table->top;
    struct top top;
    options.filter = table->filter.has_focus || table->filter.has_ignore ? &table->filter : NULL;
    enum merge_error error = top_build(profile, base, &options, &top);
    if (error == MERGE_NOT_FOUND) {
        bool here = !base || (options.type && profile_sample_type_index(profile, options.type) < 0);
        return here ? say_types(table, profile, name) : say_types(table, base, base_name);
    }
    if (error != MERGE_OK) {
        return say_failed(table->command, name, error == MERGE_TOO_LARGE ? "more different functions or stacks than any program has" : "%s",
                          merge_error_text(error));
    }
    top_print(&top, terminal_width(), stdout);
    top_free(&top);
    return fflush(stdout) == 0 && !ferror(stdout) ? STATUS_DONE : say_failed(table->command, "standard output", "%s", strerror(errno));
}
