// table_options.c: the options of top and diff (table_options.h).
#include "table_options.h"
#include "../receiver/label_frames.h"
#include "../receiver/measures.h"
#include "say.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// Values of those that have no letter.
enum {
    HIDE = 256,
    SHOW,
    SHOW_FROM,
    TAG_FOCUS,
    TAG_IGNORE,
    NODE_COUNT,
    DIFF_BASE,
    BASE,
    NORMALIZE,
    PEEK,
    TREE,
    LIST,
    TAGS,
    RAW,
    TRACES,
    UNIT,
    FLAT,
    BY_FUNCTION,
    BY_FILE,
    GAUGES,
    INUSE_SPACE, // the names of types follow in the order of type_options
    INUSE_OBJECTS,
    ALLOC_SPACE,
    ALLOC_OBJECTS,
};
static const char *const type_options[] = {"inuse_space", "inuse_objects", "alloc_space", "alloc_objects"};

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
                                            {"gauges", required_argument, NULL, GAUGES},
                                            {"hide", required_argument, NULL, HIDE},
                                            {"show", required_argument, NULL, SHOW},
                                            {"show_from", required_argument, NULL, SHOW_FROM},
                                            {"tagfocus", required_argument, NULL, TAG_FOCUS},
                                            {"tagignore", required_argument, NULL, TAG_IGNORE},
                                            {"unit", required_argument, NULL, UNIT},
                                            {"sample_index", required_argument, NULL, 't'},
                                            {"nodecount", required_argument, NULL, NODE_COUNT},
                                            {"flat", no_argument, NULL, FLAT},
                                            {"top", no_argument, NULL, BY_FUNCTION},
                                            {"text", no_argument, NULL, BY_FUNCTION},
                                            {"functions", no_argument, NULL, BY_FUNCTION},
                                            {"filefunctions", no_argument, NULL, BY_FUNCTION},
                                            {"files", no_argument, NULL, BY_FILE},
                                            {"inuse_space", no_argument, NULL, INUSE_SPACE},
                                            {"inuse_objects", no_argument, NULL, INUSE_OBJECTS},
                                            {"alloc_space", no_argument, NULL, ALLOC_SPACE},
                                            {"alloc_objects", no_argument, NULL, ALLOC_OBJECTS},
                                            {"peek", required_argument, NULL, PEEK},
                                            {"tree", no_argument, NULL, TREE},
                                            {"list", required_argument, NULL, LIST},
                                            {"tags", no_argument, NULL, TAGS},
                                            {"raw", no_argument, NULL, RAW},
                                            {"traces", no_argument, NULL, TRACES},
                                            {"diff_base", required_argument, NULL, DIFF_BASE},
                                            {"base", required_argument, NULL, BASE},
                                            {"normalize", no_argument, NULL, NORMALIZE},
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

static int take_report(struct table_options *table, enum report report, const char *expression) {
    if (table->report != REPORT_TABLE) {
        return say_usage(table->command, "one of --peek, --tree, --list, --tags, --raw and --traces at a time");
    }
    table->report = report;
    int error = expression ? regcomp(&table->functions, expression, REG_EXTENDED | REG_NOSUB) : 0;
    table->has_functions = expression && error == 0;
    if (error == 0) {
        return STATUS_DONE;
    }
    char text[200];
    regerror(error, &table->functions, text, sizeof text);
    return say_usage(table->command, "--%s %s: %s", report == REPORT_PEEK ? "peek" : "list", expression, text);
}

static int take_base(struct table_options *table, const char *value, bool of_new) {
    if (table->base_count == TABLE_MAX_BASES || (table->base_count > 0 && table->top.of_new != of_new)) {
        return say_usage(table->command,
                         table->base_count == TABLE_MAX_BASES ? "no more than %d bases" : "either --base or --diff_base (up to %d of one)",
                         TABLE_MAX_BASES);
    }
    table->top.of_new = of_new;
    table->bases[table->base_count++] = (char *)value;
    return STATUS_DONE;
}

static int take_lines(struct table_options *table, const char *name, const char *value, bool all) {
    unsigned long number = 0;
    if (!(all && (strcmp(value, "0") == 0 || strcmp(value, "-1") == 0)) && !options_number(value, ULONG_MAX, &number)) {
        return say_usage(table->command, "--%s takes a number from %d, not %s", name, all ? 0 : 1, value);
    }
    table->top.lines = number > 0 ? number : SIZE_MAX;
    return STATUS_DONE;
}

static int take_choice(struct table_options *table, int option, const char *value) {
    static const char *const memories[] = {"C", "Go", NULL}, *const owners[] = {"program", "cmemprof", NULL};
    int choice = options_choice(value, option == 'm' ? memories : owners);
    if (option == 'm') {
        table->top.memory = choice == 0 ? TALLY_C : TALLY_GO;
        return choice < 0 ? say_usage(table->command, "--memory takes C or Go, not %s", value) : STATUS_DONE;
    }
    table->top.owner = choice == 0 ? TALLY_PROGRAMS : TALLY_PROFILERS;
    return choice < 0 ? say_usage(table->command, "--owner takes program or cmemprof, not %s", value) : STATUS_DONE;
}

static int take_filter(struct table_options *table, int option, const char *value) {
    switch (option) {
    case 'f':
        return filter_compile(table->command, &table->filter, FILTER_FOCUS, value);
    case 'i':
        return filter_compile(table->command, &table->filter, FILTER_IGNORE, value);
    case HIDE:
        return filter_compile(table->command, &table->filter, FILTER_HIDE, value);
    case SHOW:
        return filter_compile(table->command, &table->filter, FILTER_SHOW, value);
    case SHOW_FROM:
        return filter_compile(table->command, &table->filter, FILTER_SHOW_FROM, value);
    case TAG_FOCUS:
        return filter_compile_tags(table->command, &table->filter.tag_focus, "tagfocus", value);
    default: // TAG_IGNORE
        return filter_compile_tags(table->command, &table->filter.tag_ignore, "tagignore", value);
    }
}

// What has a value and is no filter.
static int take_value(struct table_options *table, int option, const char *value) {
    unsigned long number;
    switch (option) {
    case 't':
        table->top.type = value;
        return STATUS_DONE;
    case 'd':
        if (!options_number(value, ULONG_MAX, &number)) {
            return say_usage(table->command, "--depth takes a number from 1, not %s", value);
        }
        table->top.depth = number;
        return STATUS_DONE;
    case UNIT:
        table->top.shown_in = strcmp(value, "auto") == 0 ? NULL : value;
        return strcmp(value, "auto") == 0 || text_has_unit(value)
                   ? STATUS_DONE
                   : say_usage(table->command, "--unit takes B, kB, MB, GB, KiB, MiB, GiB, ns, us, ms, s, min or h, not %s", value);
    case GAUGES:
        table->has_gauges = true;
        return options_gauges(table->command, value, &table->gauges);
    case DIFF_BASE:
    case BASE:
        return take_base(table, value, option == BASE);
    case PEEK:
    case LIST:
        return take_report(table, option == PEEK ? REPORT_PEEK : REPORT_LIST, value);
    default: // 'n', NODE_COUNT
        return take_lines(table, option == 'n' ? "lines" : "nodecount", value, option == NODE_COUNT);
    }
}

static int take_plain(struct table_options *table, int option) {
    switch (option) {
    case 'u':
    case FLAT:
        table->top.by_total = option == 'u';
        return STATUS_DONE;
    case 'e':
        table->top.exact = true;
        return STATUS_DONE;
    case BY_FUNCTION:
        return take_by(table, "function");
    case BY_FILE:
        return take_by(table, "file");
    case NORMALIZE:
        table->normalize = true;
        return STATUS_DONE;
    case TREE:
        return take_report(table, REPORT_PEEK, ".");
    case TAGS:
        return take_report(table, REPORT_TAGS, NULL);
    case RAW:
        return take_report(table, REPORT_RAW, NULL);
    case TRACES:
        return take_report(table, REPORT_TRACES, NULL);
    default:
        table->top.type = type_options[option - INUSE_SPACE];
        return STATUS_DONE;
    }
}

int table_options_take(void *context, int option, const char *value) {
    struct table_options *table = context;
    switch (option) {
    case 'm':
    case 'w':
        return take_choice(table, option, value);
    case 'b':
        return take_by(table, value);
    case 'f':
    case 'i':
    case HIDE:
    case SHOW:
    case SHOW_FROM:
    case TAG_FOCUS:
    case TAG_IGNORE:
        return take_filter(table, option, value);
    case 't':
    case 'd':
    case 'n':
    case UNIT:
    case GAUGES:
    case DIFF_BASE:
    case BASE:
    case PEEK:
    case LIST:
    case NODE_COUNT:
        return take_value(table, option, value);
    default:
        return take_plain(table, option);
    }
}

void table_options_free(struct table_options *table) {
    filter_free(&table->filter);
    if (table->has_functions) {
        regfree(&table->functions);
    }
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

// ---- Printing ----

static int say_error(const struct table_options *table, const char *name, enum merge_error error) {
    return say_failed(table->command, name, error == MERGE_TOO_LARGE ? "more different functions or stacks than any program has" : "%s",
                      merge_error_text(error));
}

static int flush_out(const struct table_options *table) {
    return fflush(stdout) == 0 && !ferror(stdout) ? STATUS_DONE : say_failed(table->command, "standard output", "%s", strerror(errno));
}

static int print_report(const struct table_options *table, const struct top_options *top, struct profile *profile, const char *name) {
    static enum merge_error (*const reports[])(struct profile *, const struct report_options *, FILE *) = {[REPORT_PEEK] = report_peek,
                                                                                                           [REPORT_LIST] = report_list,
                                                                                                           [REPORT_TRACES] = report_traces,
                                                                                                           [REPORT_RAW] = report_raw,
                                                                                                           [REPORT_TAGS] = report_tags};
    struct report_options options = {
        .top = top, .functions = (regex_t *)&table->functions, .type = profile_sample_type_chosen(profile, top->type)};
    if (options.type < 0) {
        return say_types(table, profile, name);
    }
    options.unit = profile_sample_type_unit(profile, (size_t)options.type);
    enum merge_error error = reports[table->report](profile, &options, stdout);
    if (error == MERGE_NOT_FOUND) {
        return say_failed(table->command, name, "no sample that counts has a function of that name");
    }
    return error == MERGE_OK ? flush_out(table) : say_error(table, name, error);
}

// Each type has as much as in the base.
static bool normalize(struct profile *profile, struct profile *base) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        const char *type = profile_sample_type_name(profile, i);
        int at = profile_sample_type_index(base, type);
        double ours = 0, theirs = 0;
        struct profile_sample_view sample;
        for (size_t k = 0; k < profile_sample_count(profile); k++) {
            ours += profile_sample_without_frames(profile, k, &sample) == MERGE_OK ? (double)sample.values[i] : 0;
        }
        for (size_t k = 0; at >= 0 && k < profile_sample_count(base); k++) {
            theirs += profile_sample_without_frames(base, k, &sample) == MERGE_OK ? (double)sample.values[at] : 0;
        }
        if (at >= 0 && *type && ours != 0 && profile_scale_sample_type(profile, type, theirs / ours) != MERGE_OK) {
            return false;
        }
    }
    return true;
}

// Where nobody chose a type and nothing is in use: what was allocated.
static const char *other_type(const struct table_options *table, const struct top *top, struct profile *profile) {
    bool nothing = !table->top.type && !top->difference && top->count_all == 0 && filter_is_empty(&table->filter);
    return nothing && measure_is_gauge(top->type) && profile_sample_type_index(profile, "alloc_space") >= 0 ? "alloc_space" : NULL;
}

static void say_nothing_in_use(const struct table_options *table, struct profile *profile, const struct top *top) {
    static const char *const in_use[] = {"inuse_space", "heap-space", "space"};
    bool chosen = table->top.type || top->difference || measure_is_gauge(top->type);
    for (size_t i = 0; !chosen && i < sizeof in_use / sizeof *in_use; i++) {
        if (profile_sample_type_index(profile, in_use[i]) >= 0) {
            printf("Nothing is in use: this is what was allocated.\n");
            return;
        }
    }
}

static int print_table(const struct table_options *table, struct top_options options, struct profile *profile, const char *name,
                       struct profile *base, const char *base_name) {
    struct top top;
    enum merge_error error = top_build(profile, base, &options, &top);
    const char *other = error == MERGE_OK ? other_type(table, &top, profile) : NULL;
    if (other) {
        top_free(&top);
        options.type = other;
        error = top_build(profile, base, &options, &top);
    }
    if (error == MERGE_NOT_FOUND) {
        bool here = !base || (options.type && profile_sample_type_chosen(profile, options.type) < 0);
        return here ? say_types(table, profile, name) : say_types(table, base, base_name);
    }
    if (error != MERGE_OK) {
        return say_error(table, name, error);
    }
    say_nothing_in_use(table, profile, &top);
    top_print(&top, terminal_width(), stdout);
    top_free(&top);
    return flush_out(table);
}

int table_options_print(const struct table_options *table, struct profile **profile, const char *name, struct profile **base,
                        const char *base_name) {
    struct top_options options = table->top;
    options.filter = filter_is_empty(&table->filter) ? NULL : &table->filter;
    if (*base && table->report != REPORT_TABLE) {
        return say_usage(table->command, "what changed is a table: --peek, --list, --tags, --raw and --traces are of one profile");
    }
    if (label_frames_give(profile) != MERGE_OK || (*base && label_frames_give(base) != MERGE_OK) ||
        (*base && table->normalize && !normalize(*profile, *base))) {
        return say_error(table, name, MERGE_NO_MEMORY);
    }
    return table->report != REPORT_TABLE ? print_report(table, &options, *profile, name)
                                         : print_table(table, options, *profile, name, *base, base_name);
}
