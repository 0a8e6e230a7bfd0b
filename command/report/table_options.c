// table_options.c: values of the options of top and diff, and printing (table_options.h).
#include "table_options.h"
#include "../../receiver/views/label_frames.h"
#include "../../receiver/index/measures.h"
#include "../base/colours.h"
#include "../base/diagnostic.h"
#include "../base/pairs_file.h"
#include "../base/text.h"
#include "../base/web_address.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int take_by(struct table_options *table, const char *value) {
    static const char *const names[] = {"stack", "function", "line", "file", "package", NULL};
    static const enum frame_by by[] = {FRAME_BY_FUNCTION, FRAME_BY_FUNCTION, FRAME_BY_LINE, FRAME_BY_FILE, FRAME_BY_PACKAGE};
    int choice = options_choice(value, names);
    if (choice < 0) {
        return diagnostic_usage(table->command, "--by takes stack, function, line, file or package, not %s", value);
    }
    table->top.by = by[choice];
    table->asks_stack = choice == 0;
    return STATUS_DONE;
}

static int take_functions(struct table_options *table, const char *name, const char *expression) {
    if (table->has_functions) {
        return diagnostic_usage(table->command, "only one --peek, --list or --disasm; a|b matches both");
    }
    int error = regcomp(&table->functions, expression, REG_EXTENDED | REG_NOSUB);
    table->has_functions = error == 0;
    table->expression = expression;
    if (error == 0) {
        return STATUS_DONE;
    }
    char text[200];
    regerror(error, &table->functions, text, sizeof text);
    return diagnostic_usage(table->command, "--%s %s: %s", name, expression, text);
}

static int take_base(struct table_options *table, const char *value, bool of_new) {
    if (table->base_count == TABLE_MAX_BASES) {
        return diagnostic_usage(table->command, "at most %d bases", TABLE_MAX_BASES);
    }
    table->top.of_new = of_new;
    table->bases[table->base_count++] = (char *)value;
    return STATUS_DONE;
}

static int take_lines(struct table_options *table, const char *name, const char *value, bool all) {
    unsigned long number = 0;
    if (!(all && (strcmp(value, "0") == 0 || strcmp(value, "-1") == 0)) && !options_number(value, ULONG_MAX, &number)) {
        return diagnostic_usage(table->command, "--%s takes a number of rows from %d, not %s%s", name, all ? 0 : 1, value,
                                all ? "" : " (lines of source: --by line)");
    }
    table->top.lines = number > 0 ? number : SIZE_MAX;
    return STATUS_DONE;
}

static int take_memory(struct table_options *table, const char *value) {
    static const char *const memories[] = {"C", "Go", NULL};
    int choice = options_choice(value, memories);
    table->top.memory = choice == 0 ? FLAT_CUM_C : FLAT_CUM_GO;
    return choice < 0 ? diagnostic_usage(table->command, "--memory takes C or Go, not %s", value) : STATUS_DONE;
}

static int take_owner(struct table_options *table, const char *value) {
    static const char *const owners[] = {"program", "cmemprof", NULL};
    int choice = options_choice(value, owners);
    table->top.owner = choice == 0 ? FLAT_CUM_PROGRAM : FLAT_CUM_PROFILER;
    return choice < 0 ? diagnostic_usage(table->command, "--owner takes program or cmemprof, not %s", value) : STATUS_DONE;
}

static int take_depth(struct table_options *table, const char *value) {
    unsigned long number;
    if (!options_number(value, ULONG_MAX, &number)) {
        return diagnostic_usage(table->command, "--depth takes a number from 1, not %s", value);
    }
    table->top.depth = number;
    return STATUS_DONE;
}

static int take_interval(struct table_options *table, const char *value) {
    static const char *const units[] = {"ms", "s", "m", "min", NULL};
    static const double sizes_ms[] = {1, 1000, 60000, 60000};
    char *end;
    double number = strtod(value, &end), ms = 0;
    int unit = options_choice(end, units);
    if (*value >= '0' && *value <= '9' && unit >= 0) {
        ms = number * sizes_ms[unit];
    }
    if (!(ms >= 100 && ms <= 3600e3)) {
        return diagnostic_usage(table->command, "--interval takes a time from 100ms to 60m (2s, 500ms, 1m), not %s", value);
    }
    table->interval_ms = (int64_t)ms;
    return STATUS_DONE;
}

static int take_unit(struct table_options *table, const char *value) {
    bool suits = strcmp(value, "auto") == 0;
    if (!suits && !text_has_unit(value)) {
        return diagnostic_usage(table->command, "--unit takes B, kB, MB, GB, KiB, MiB, GiB, ns, us, ms, s, min or h, not %s", value);
    }
    table->top.shown_in = suits ? NULL : value;
    return STATUS_DONE;
}

// Options with a value.
static int take_value(struct table_options *table, enum table_option option, const char *value) {
    const char *name = table_rules_name(option);
    switch (option) {
    case OPTION_MEMORY:
        return take_memory(table, value);
    case OPTION_OWNER:
        return take_owner(table, value);
    case OPTION_TAG_FOCUS:
        return filter_compile_tags(table->command, &table->filter.tag_focus, name, value);
    case OPTION_TAG_IGNORE:
        return filter_compile_tags(table->command, &table->filter.tag_ignore, name, value);
    case OPTION_GROUP_BY:
    case OPTION_TAG_ROOT:
        table->top.group_by = value;
        return *value ? STATUS_DONE : diagnostic_usage(table->command, "--%s takes the key of a label", name);
    case OPTION_GAUGES:
        return options_gauges(table->command, value, &table->gauges);
    case OPTION_BY:
        return take_by(table, value);
    case OPTION_UNIT:
        return take_unit(table, value);
    case OPTION_DEPTH:
        return take_depth(table, value);
    case OPTION_LINES:
    case OPTION_NODE_COUNT:
        return take_lines(table, name, value, option == OPTION_NODE_COUNT);
    case OPTION_FAIL_IF:
        return gate_take_rule(table->command, &table->gate, value);
    case OPTION_SUMMARY:
        return gate_take_summary(table->command, &table->gate, value);
    case OPTION_DIFF_BASE:
    case OPTION_BASE:
        return take_base(table, value, option == OPTION_BASE);
    case OPTION_PEEK:
    case OPTION_LIST:
    case OPTION_DISASM:
        return take_functions(table, name, value);
    case OPTION_INTERVAL:
        return take_interval(table, value);
    case OPTION_COUNT:
        return options_number(value, UINT_MAX, &table->count)
                   ? STATUS_DONE
                   : diagnostic_usage(table->command, "--count takes a number from 1, not %s", value);
    case OPTION_SOURCE_PATH:
        table->sources.search = value;
        return STATUS_DONE;
    case OPTION_DEBUG_DIR:
        table->debug_directory = value;
        return STATUS_DONE;
    case OPTION_TRIM_PATH:
        table->sources.trim = value;
        return STATUS_DONE;
    case OPTION_PAIRS:
        return pairs_file_read(table->command, value, &table->pairs);
    default: // OPTION_TYPE, OPTION_SAMPLE_INDEX
        table->top.type = value;
        return STATUS_DONE;
    }
}

// Options without a value. Those not listed only choose the report, or the default grouping by function.
static int take_plain(struct table_options *table, enum table_option option) {
    switch (option) {
    case OPTION_INUSE_SPACE:
    case OPTION_INUSE_OBJECTS:
    case OPTION_ALLOC_SPACE:
    case OPTION_ALLOC_OBJECTS:
        table->top.type = table_rules_name(option);
        return STATUS_DONE;
    case OPTION_FILES:
        table->top.by = FRAME_BY_FILE;
        return STATUS_DONE;
    case OPTION_CUM:
        table->top.by_cum = true;
        return STATUS_DONE;
    case OPTION_EXACT:
        table->top.exact = true;
        return STATUS_DONE;
    case OPTION_LIVE:
        table->live = true;
        return STATUS_DONE;
    case OPTION_JSON:
        table->top.json = true;
        return STATUS_DONE;
    case OPTION_NORMALIZE:
        table->normalize = true;
        return STATUS_DONE;
    default:
        return STATUS_DONE;
    }
}

int table_options_take(void *context, int value_of_option, const char *value) {
    struct table_options *table = context;
    enum table_option option = (enum table_option)value_of_option;
    table->given |= table_rules_bit(option);
    if (option >= OPTION_FOCUS && option <= OPTION_SHOW_FROM) {
        return filter_compile(table->command, &table->filter, (enum filter_kind)(option - OPTION_FOCUS), value);
    }
    return value ? take_value(table, option, value) : take_plain(table, option);
}

int table_options_settle(struct table_options *table, bool writes) {
    enum { TABLE_LINES = 10, TAG_LINES = 20 };
    table->report = writes ? REPORT_PROFILE : table_rules_report(table->given, table->by_stack, table->asks_stack);
    if (table->live && table->report == REPORT_STACKS && !table->asks_stack) { // a line for each row
        table->report = REPORT_TABLE;
    }
    table->top.by_stack = table->report == REPORT_STACKS;
    if (table->report == REPORT_TABLE && table_rules_by_label(table->given, table->asks_stack)) {
        table->top.by = FRAME_BY_LABEL;
    }
    if (table->top.lines == 0) {
        bool is_table = table->report == REPORT_TABLE || table->report == REPORT_STACKS || table->report == REPORT_OWNERS;
        table->top.lines = is_table ? TABLE_LINES : table->report == REPORT_TAGS && !table->top.exact ? TAG_LINES : SIZE_MAX;
    }
    int status = table_rules_check(table->command, table->given, table->report, table->asks_stack);
    if (status == STATUS_DONE) {
        status = gate_settle(table->command, &table->gate, strcmp(table->command, "diff") == 0 || table->base_count > 0);
    }
    return status == STATUS_DONE ? -1 : status;
}

int table_options_choose(struct table_options *table, enum table_option report, const char *functions) {
    table->given |= table_rules_bit(report);
    return functions ? take_functions(table, table_rules_name(report), functions) : STATUS_DONE;
}

void table_options_free(struct table_options *table) {
    filter_free(&table->filter);
    owner_pairs_free(table->pairs);
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

static int error_no_such_type(const struct table_options *table, const struct profile *profile, const char *name) {
    char *types = NULL;
    size_t size;
    FILE *text = open_memstream(&types, &size);
    for (size_t i = 0; text && i < profile_sample_type_count(profile); i++) {
        fprintf(text, "%s %s", i ? "," : "", profile_sample_type_name(profile, i));
    }
    if (text) {
        fclose(text);
    }
    int status = diagnostic_error(table->command, name, "the profile has no such sample type; it has%s", types ? types : "");
    free(types);
    return status;
}

// ---- Printing ----

static int error_of_merge(const struct table_options *table, const char *name, enum merge_error error) {
    return diagnostic_error(table->command, name, error == MERGE_TOO_LARGE ? "too many distinct functions or stacks" : "%s",
                            merge_error_text(error));
}

static int flush_out(const struct table_options *table) {
    return fflush(stdout) == 0 && !ferror(stdout) ? STATUS_DONE
                                                  : diagnostic_error(table->command, "standard output", "%s", strerror(errno));
}

static bool has_unit(const struct top_options *top, const char *unit) {
    return !top->shown_in || text_can_show(unit, top->shown_in);
}

static int error_unit(const struct table_options *table, const char *type, const char *unit) {
    return diagnostic_usage(table->command, "--unit %s: %s is in %s", table->top.shown_in, type, *unit ? unit : "no unit");
}

// Of owners: what is in use, or else what was allocated.
static const char *type_of_report(const struct table_options *table, const struct profile *profile) {
    if (table->report != REPORT_OWNERS) {
        return table->top.type;
    }
    return profile_sample_type_index(profile, "inuse_space") >= 0 ? "inuse_space" : "alloc_space";
}

static int print_report(const struct table_options *table, const struct top_options *top, struct profile *profile, const char *name) {
    static enum merge_error (*const reports[])(struct profile *, const struct report_options *, FILE *) = {
        [REPORT_PEEK] = report_peek,     [REPORT_TREE] = report_peek, [REPORT_LIST] = report_list, [REPORT_DISASM] = report_disasm,
        [REPORT_TRACES] = report_traces, [REPORT_RAW] = report_raw,   [REPORT_TAGS] = report_tags, [REPORT_OWNERS] = report_owners};
    struct report_options options = {.top = top,
                                     .functions = table->has_functions ? (regex_t *)&table->functions : NULL,
                                     .expression = table->expression,
                                     .type = profile_sample_type_chosen(profile, type_of_report(table, profile)),
                                     .sources = table->sources,
                                     .debug_directory = table->debug_directory,
                                     .pairs = table->pairs,
                                     .is_single = table->is_single};
    if (options.type < 0) {
        return error_no_such_type(table, profile, name);
    }
    options.type_name = profile_sample_type_name(profile, (size_t)options.type);
    options.unit = profile_sample_type_unit(profile, (size_t)options.type);
    if (!has_unit(top, options.unit)) {
        return error_unit(table, profile_sample_type_name(profile, (size_t)options.type), options.unit);
    }
    enum merge_error error = reports[table->report](profile, &options, stdout);
    if (error == MERGE_NOT_FOUND) {
        return diagnostic_error(table->command, name, "no selected sample has a matching function");
    }
    return error == MERGE_OK ? flush_out(table) : error_of_merge(table, name, error);
}

// Scales each sample type to its total in the base.
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

// Without --type, and with nothing in use: alloc_space.
static const char *other_type(const struct table_options *table, const struct top *top, struct profile *profile) {
    bool nothing = !table->top.type && !top->difference && top->count_all == 0 && filter_is_empty(&table->filter);
    return nothing && measure_is_gauge(top->type) && profile_sample_type_index(profile, "alloc_space") >= 0 ? "alloc_space" : NULL;
}

static void note_nothing_in_use(const struct table_options *table, struct profile *profile, const struct top *top) {
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
        return here ? error_no_such_type(table, profile, name) : error_no_such_type(table, base, base_name);
    }
    if (error != MERGE_OK) {
        return error_of_merge(table, name, error);
    }
    if (!has_unit(&options, top.unit)) {
        int status = error_unit(table, top.type, top.unit);
        top_free(&top);
        return status;
    }
    if (options.json) {
        error = top_json(&top, stdout);
    } else {
        note_nothing_in_use(table, profile, &top);
        top.colours = !top.exact && colours_are_shown(STDOUT_FILENO);
        top_print(&top, terminal_width(), stdout);
    }
    top_free(&top);
    return error == MERGE_OK ? flush_out(table) : error_of_merge(table, name, error);
}

static void note_warnings(const struct table_options *table, const struct profile *profile) {
    enum { MAX_WARNINGS = 16 };
    const char *texts[MAX_WARNINGS];
    size_t count = profile ? profile_warnings(profile, texts, MAX_WARNINGS) : 0;
    for (size_t i = 0; i < count; i++) {
        diagnostic_note(table->command, "warning: %s", texts[i]);
    }
}

// Behind the table: what --fail-if says of the same samples.
static int hold_gate(struct table_options *table, const struct top_options *options, struct profile *profile, const char *name,
                     struct profile *base, const char *base_name) {
    char subject[1024];
    snprintf(subject, sizeof subject, base ? "%.500s, since %.500s" : "%.500s", name, base_name);
    for (size_t i = 0; i < table->gate.count; i++) {
        gate_measure(&table->gate, i, table->gate.rules[i].name, profile, base, options);
    }
    return gate_report(table->command, subject, &table->gate);
}

int table_options_print(struct table_options *table, struct profile **profile, const char *name, struct profile **base,
                        const char *base_name) {
    struct top_options options = table->top;
    char shown[WEB_ADDRESS_SHOWN_BYTES], base_shown[WEB_ADDRESS_SHOWN_BYTES];
    name = web_address_is(name) ? web_address_shown(name, shown) : name;
    base_name = web_address_is(base_name) ? web_address_shown(base_name, base_shown) : base_name;
    options.filter = filter_is_empty(&table->filter) ? NULL : &table->filter;
    note_warnings(table, *profile);
    note_warnings(table, *base);
    if (label_frames_give(profile) != MERGE_OK || (*base && label_frames_give(base) != MERGE_OK) ||
        (*base && table->normalize && !normalize(*profile, *base))) {
        return error_of_merge(table, name, MERGE_NO_MEMORY);
    }
    const char *key = options.group_by;
    if (key && (profile_group_by(*profile, key) != MERGE_OK || (*base && profile_group_by(*base, key) != MERGE_OK))) {
        return error_of_merge(table, name, MERGE_NO_MEMORY);
    }
    bool is_table = table->report == REPORT_TABLE || table->report == REPORT_STACKS;
    if (!is_table) {
        return print_report(table, &options, *profile, name);
    }
    int status = print_table(table, options, *profile, name, *base, base_name);
    return status == STATUS_DONE ? hold_gate(table, &options, *profile, name, *base, base_name) : status;
}
