// table_rules_test.c: for each report and option, the option either changes the output or is refused by name.

#include "../../../base/test/test.h"

#include "../../commands.h"
#include "../../base/diagnostic.h"
#include "../table_rules.h"
#include "../../test/fixture.h"

enum { MAX_ARGUMENTS = 12 };

// How each report is requested, and its name in error messages.
static const struct {
    enum report report;
    const char *arguments[2], *name;
} reports[] = {{REPORT_TABLE, {"--top"}, "--by function"}, {REPORT_STACKS, {NULL}, "--by stack"},
               {REPORT_PEEK, {"--peek", "."}, "--peek"},   {REPORT_TREE, {"--tree"}, "--tree"},
               {REPORT_LIST, {"--list", "."}, "--list"},   {REPORT_DISASM, {"--disasm", "."}, "--disasm"},
               {REPORT_TRACES, {"--traces"}, "--traces"},  {REPORT_RAW, {"--raw"}, "--raw"},
               {REPORT_TAGS, {"--tags"}, "--tags"},        {REPORT_PROFILE, {"--output", "out"}, "--output"}};
enum { REPORTS = sizeof reports / sizeof *reports };

// Shows that an option has an effect: the output with its value and "with" differs from that with "without" alone.
static const struct {
    enum table_option option;
    const char *value, *with[2], *without[2];
} effects[] = {{OPTION_TYPE, "alloc_space", {NULL}, {NULL}},
               {OPTION_SAMPLE_INDEX, "0", {NULL}, {NULL}},
               {OPTION_INUSE_SPACE, NULL, {NULL}, {"--alloc_space"}},
               {OPTION_INUSE_OBJECTS, NULL, {NULL}, {NULL}},
               {OPTION_ALLOC_SPACE, NULL, {NULL}, {NULL}},
               {OPTION_ALLOC_OBJECTS, NULL, {NULL}, {NULL}},
               {OPTION_MEMORY, "C", {NULL}, {NULL}},
               {OPTION_OWNER, "program", {NULL}, {NULL}},
               {OPTION_FOCUS, "mid", {NULL}, {NULL}},
               {OPTION_IGNORE, "mid", {NULL}, {NULL}},
               {OPTION_HIDE, "^leaf$", {NULL}, {NULL}},
               {OPTION_SHOW, "main", {NULL}, {NULL}},
               {OPTION_SHOW_FROM, "mid", {NULL}, {NULL}},
               {OPTION_TAG_FOCUS, "thread=one", {NULL}, {NULL}},
               {OPTION_TAG_IGNORE, "thread=one", {NULL}, {NULL}},
               {OPTION_GROUP_BY, "thread", {NULL}, {NULL}},
               {OPTION_TAG_ROOT, "thread", {NULL}, {NULL}},
               {OPTION_GAUGES, "sum", {NULL}, {NULL}},
               {OPTION_BY, "file", {NULL}, {"--by", "function"}},
               {OPTION_FUNCTIONS, NULL, {NULL}, {"--files"}},
               {OPTION_FILE_FUNCTIONS, NULL, {NULL}, {"--files"}},
               {OPTION_FILES, NULL, {NULL}, {NULL}},
               {OPTION_CUM, NULL, {NULL}, {NULL}},
               {OPTION_FLAT, NULL, {NULL}, {"--cum"}},
               {OPTION_UNIT, "MB", {NULL}, {NULL}},
               {OPTION_JSON, NULL, {NULL}, {NULL}},
               {OPTION_EXACT, NULL, {NULL}, {NULL}},
               {OPTION_DEPTH, "1", {NULL}, {NULL}},
               {OPTION_LINES, "1", {NULL}, {NULL}},
               {OPTION_NODE_COUNT, "1", {NULL}, {NULL}},
               {OPTION_DIFF_BASE, "a", {NULL}, {NULL}},
               {OPTION_BASE, "a", {NULL}, {"--diff_base", "a"}},
               {OPTION_NORMALIZE, NULL, {"--diff_base", "a"}, {"--diff_base", "a"}}};
enum { EFFECTS = sizeof effects / sizeof *effects };

// ---- Profiles ----

static void add(struct profile *profile, const char *stack, const int64_t values[4], const char *thread, const char *memory,
                const char *owner) {
    uint32_t locations[8];
    size_t count = 0, labels = 1;
    char copy[100], *rest = copy;
    struct profile_label label[3] = {{"thread", thread, 0, ""}};
    snprintf(copy, sizeof copy, "%s", stack);
    for (char *name; (name = strsep(&rest, "<"));) {
        const char *file = strchr(name, '.') ? "/src/x.go" : "/src/x.c";
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
        locations[count++] = profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
    }
    if (memory) {
        label[labels++] = (struct profile_label){"memory", memory, 0, ""};
    }
    if (owner) {
        label[labels++] = (struct profile_label){"owner", owner, 0, ""};
    }
    profile_add_sample(profile, locations, count, values, label, labels);
}

static void write_one(const char *name, int64_t more) {
    struct profile *profile = profile_new();
    static const char *const types[][2] = {
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}};
    for (size_t i = 0; i < 4; i++) {
        profile_add_sample_type(profile, types[i][0], types[i][1]);
    }
    add(profile, "leaf<mid<main.x", (int64_t[]){9, 700 + more, 3, 400 + more}, "one", "C", NULL);
    add(profile, "main.y<main.x", (int64_t[]){8, 600, 2, 500 + 2 * more}, "two", NULL, NULL);
    add(profile, "leaf", (int64_t[]){7, 500, 1, 300}, "two", "C", NULL);
    add(profile, "compress<send", (int64_t[]){6, 400, 4, 200}, "one", "C", "cmemprof");
    fixture_save(profile, name);
}

// ---- Both commands ----

struct line {
    const char *arguments[MAX_ARGUMENTS];
    size_t count;
};

static void put(struct line *line, const char *argument) {
    if (argument) {
        assert_true(line->count + 1 < MAX_ARGUMENTS);
        line->arguments[line->count++] = argument;
    }
}

// Runs the report on the two files.
static struct line line_of(bool diff, size_t report) {
    struct line line = {0};
    put(&line, diff ? "diff" : "top");
    put(&line, "a");
    put(&line, "b");
    put(&line, reports[report].arguments[0]);
    put(&line, reports[report].arguments[1]);
    if (diff && reports[report].report == REPORT_STACKS) {
        put(&line, "--by=stack");
    }
    return line;
}

static int run(bool diff, const struct line *line) {
    return fixture_run(diff ? diff_command : top_command, line->arguments);
}

static void option_of(struct line *line, enum table_option option, const char *value, char text[40]) {
    snprintf(text, 40, "--%s%s%s", table_rules_name(option), value ? "=" : "", value ? value : "");
    put(line, text);
}

static void check_effect(bool diff, size_t report, size_t effect) {
    char text[40];
    struct line with = line_of(diff, report), without = with;
    option_of(&with, effects[effect].option, effects[effect].value, text);
    for (size_t i = 0; i < 2; i++) {
        put(&with, diff && effects[effect].option == OPTION_NORMALIZE ? NULL : effects[effect].with[i]);
        put(&without, diff && effects[effect].option == OPTION_NORMALIZE ? NULL : effects[effect].without[i]);
    }
    if (run(diff, &without) != 0) {
        fail_msg("%s without %s: %s", reports[report].name, text, fixture_error);
    }
    char *before = strdup(fixture_out);
    if (run(diff, &with) != 0 || strcmp(before, fixture_out) == 0) {
        fail_msg("%s of %s does nothing: %s%s", text, reports[report].name, fixture_error, fixture_out);
    }
    free(before);
}

static void check_refusal(bool diff, size_t report, enum table_option option, const char *value, const char *name) {
    char text[40], said[40];
    struct line line = line_of(diff, report);
    option_of(&line, option, value, text);
    snprintf(said, sizeof said, "--%s", table_rules_name(option));
    int status = run(diff, &line);
    if (status != STATUS_USAGE || !strstr(fixture_error, said) || !strstr(fixture_error, name)) {
        fail_msg("%s of %s: status %d, %s%s", text, reports[report].name, status, fixture_error, fixture_out);
    }
}

static int rules_setup(void **state) {
    int status = directory_setup(state);
    write_one("a", 0);
    write_one("b", 90);
    return status;
}

static int rules_teardown(void **state) {
    return directory_teardown(state);
}

TEST_IN(rules, top) {
    for (size_t report = 0; report < REPORTS - 1; report++) {
        for (size_t effect = 0; effect < EFFECTS; effect++) {
            enum table_option option = effects[effect].option;
            // These turn a table by stack into one by function.
            bool turns = reports[report].report == REPORT_STACKS && table_rules_takes(REPORT_TABLE, option);
            if (table_rules_takes(reports[report].report, option) || turns) {
                check_effect(false, report, effect);
            } else {
                check_refusal(false, report, option, effects[effect].value, reports[report].name);
            }
        }
    }
}

TEST_IN(rules, diff) {
    for (size_t report = 0; report < REPORTS; report++) {
        for (size_t effect = 0; effect < EFFECTS; effect++) {
            enum table_option option = effects[effect].option;
            bool base = option == OPTION_BASE || option == OPTION_DIFF_BASE || option == OPTION_GAUGES; // not for diff
            if (reports[report].report == REPORT_PROFILE) {
                check_refusal(true, report, option, effects[effect].value, "--output");
            } else if (reports[report].report > REPORT_STACKS) {
                assert_int_equal(
                    run(true, &(struct line){{"diff", "a", "b", reports[report].arguments[0], reports[report].arguments[1]}, 5}),
                    STATUS_USAGE);
            } else if (base) {
                check_refusal(true, report, option, effects[effect].value, "");
            } else if (option == OPTION_BY && reports[report].report == REPORT_STACKS) {
                continue; // it requests the report
            } else if (table_rules_takes(reports[report].report, option)) {
                check_effect(true, report, effect);
            } else {
                check_refusal(true, report, option, effects[effect].value, "--by");
            }
        }
    }
}

// A gate changes the exit status, not the table (gate_test.c).
static bool is_of_gate(enum table_option option) {
    return option == OPTION_FAIL_IF || option == OPTION_SUMMARY;
}

TEST_IN(rules, gate_is_of_tables) {
    for (size_t report = 0; report < REPORTS; report++) {
        if (reports[report].report > REPORT_STACKS && reports[report].report != REPORT_PROFILE) {
            check_refusal(false, report, OPTION_FAIL_IF, "inuse_space>1", reports[report].name);
            check_refusal(false, report, OPTION_SUMMARY, "junit:-", reports[report].name);
        }
    }
}

// The table above has all other options except those that choose a report; only one of these may be given.
TEST_IN(rules, choosers) {
    for (enum table_option option = TABLE_OPTION_FIRST; option < OPTION_END; option++) {
        size_t effect = 0;
        while (effect < EFFECTS && effects[effect].option != option) {
            effect++;
        }
        assert_true((effect < EFFECTS) == (option < OPTION_TOP && !is_of_gate(option)));
        for (size_t report = 0; option >= OPTION_TOP && report < REPORTS; report++) {
            const char *value = option == OPTION_PEEK || option == OPTION_LIST || option == OPTION_DISASM ? "." : NULL;
            bool itself = reports[report].arguments[0] && strcmp(reports[report].arguments[0] + 2, table_rules_name(option)) == 0;
            if (!itself && reports[report].report != REPORT_STACKS && reports[report].report != REPORT_PROFILE) {
                check_refusal(false, report, option, value, "");
            }
        }
    }
}

static void expect(const char *text, const char *first, const char *second, const char *third) {
    assert_int_equal(FIXTURE_RUN(top_command, "top", "a", first, second, third), STATUS_USAGE);
    if (!strstr(fixture_error, text)) {
        fail_msg("no \"%s\" in %s", text, fixture_error);
    }
}

TEST_IN(rules, pairs) {
    expect("--cum does not apply to --by stack, only to --by function, --peek, --tree\n", "--by=stack", "--cum", NULL);
    expect("--by stack does not apply to --peek\n", "--by=stack", "--peek=x", NULL);
    expect("--top does not apply to --by stack, only to --by function\n", "-by=stack", "-top", NULL);
    expect("--depth does not apply to --traces, only to --by stack\n", "--depth=3", "--traces", NULL);
    expect("--unit and --exact exclude each other\n", "--exact", "--unit=MB", NULL);
    expect("--exact and --depth exclude each other\n", "--exact", "--depth=3", NULL);
    expect("--inuse_space and --alloc_space exclude each other\n", "-alloc_space", "-inuse_space", NULL);
    expect("--by and --files exclude each other\n", "-files", "-by=line", NULL);
    expect("--cum and --flat exclude each other\n", "-cum", "-flat", NULL);
    expect("--lines and --nodecount exclude each other\n", "-nodecount=3", "-lines=4", NULL);
    expect("only one --peek, --list or --disasm", "-peek=a", "-peek=b", NULL);
    expect("--unit ms: inuse_space is in bytes\n", "--unit=ms", "-top", NULL);
    expect("--unit ms: inuse_space is in bytes\n", "--unit=ms", "-traces", NULL);
    expect("--unit MB: inuse_objects is in count\n", "--unit=MB", "--inuse_objects", NULL);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "a", "-files", "-top"), 0); // in any order
    assert_non_null(strstr(fixture_out, "all memory by file"));
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "a", "b", "--level", "3"), STATUS_USAGE);
    assert_non_null(strstr(fixture_error, "--compression and --level apply to a profile"));
}

int main(void) {
    return tests_run();
}
