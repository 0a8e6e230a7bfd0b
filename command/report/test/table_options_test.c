// table_options_test.c: options of tables, and the message for a missing sample type.

#include "../../../base/test/test.h"

#include "../../base/diagnostic.h"
#include "../table_options.h"
#include "../../test/fixture.h"

static struct table_options table;

// Takes pairs of an option and its value.
static int take(int argc, char **argv) {
    table = (struct table_options){.command = "diff"};
    for (int i = 0; i + 1 < argc; i += 2) {
        enum table_option option = TABLE_OPTION_FIRST;
        while (strcmp(table_rules_name(option), argv[i]) != 0) {
            option++;
        }
        int status = table_options_take(&table, (int)option, *argv[i + 1] ? argv[i + 1] : NULL);
        if (status != STATUS_DONE) {
            return status;
        }
    }
    return table_options_settle(&table, false);
}

TEST_IN(directory, values) {
    assert_int_equal(
        FIXTURE_RUN(take, "type", "cpu", "memory", "Go", "by", "package", "lines", "3", "cum", "", "focus", "x", "ignore", "y"), -1);
    assert_string_equal(table.top.type, "cpu");
    assert_int_equal(table.top.memory, FLAT_CUM_GO);
    assert_int_equal(table.top.by, FRAME_BY_PACKAGE);
    assert_int_equal(table.top.lines, 3);
    assert_true(table.top.by_cum && table.filter.has == (1 << FILTER_FOCUS | 1 << FILTER_IGNORE) && !table.top.by_stack);
    table_options_free(&table);
    assert_int_equal(FIXTURE_RUN(take, "by", "stack"), -1);
    assert_true(table.top.by_stack && table.report == REPORT_STACKS && table.top.lines == 10);
    assert_int_equal(FIXTURE_RUN(take, "tree", ""), -1);
    assert_true(table.report == REPORT_TREE && table.top.lines == SIZE_MAX);
    assert_int_equal(FIXTURE_RUN(take, "tags", ""), -1);
    assert_true(table.report == REPORT_TAGS && table.top.lines == 20);
}

// Alone, a table of the values; with something that asks for functions or stacks, these with the values as roots.
TEST_IN(directory, group_by) {
    assert_int_equal(FIXTURE_RUN(take, "group-by", "tenant"), -1);
    assert_true(table.report == REPORT_TABLE && table.top.by == FRAME_BY_LABEL && !table.top.by_stack);
    assert_string_equal(table.top.group_by, "tenant");
    assert_int_equal(FIXTURE_RUN(take, "tagroot", "tenant", "cum", ""), -1);
    assert_true(table.report == REPORT_TABLE && table.top.by == FRAME_BY_FUNCTION);
    assert_int_equal(FIXTURE_RUN(take, "group-by", "tenant", "by", "stack"), -1);
    assert_true(table.report == REPORT_STACKS && table.top.by == FRAME_BY_FUNCTION);
    assert_int_equal(FIXTURE_RUN(take, "group-by", "tenant", "tree", ""), -1);
    assert_true(table.report == REPORT_TREE && table.top.by == FRAME_BY_FUNCTION);
    assert_int_equal(FIXTURE_RUN(take, "group-by", "tenant", "tagroot", "thread"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take, "group-by", "tenant", "tags", ""), STATUS_USAGE);
}

static void expect(const char *option, const char *value, const char *text) {
    assert_int_equal(FIXTURE_RUN(take, option, value), STATUS_USAGE);
    assert_non_null(strstr(fixture_error, text));
}

TEST_IN(directory, wrong) {
    expect("memory", "c", "--memory takes C or Go, not c\n");
    expect("by", "frame", "--by takes stack, function, line, file or package, not frame\n");
    expect("lines", "-1", "--lines takes a number of rows from 1, not -1 (lines of source: --by line)\n");
    expect("depth", "0", "--depth takes a number from 1, not 0\n");
    expect("owner", "me", "--owner takes program or cmemprof, not me\n");
    expect("focus", "[", "--focus [: ");
    expect("list", "[", "--list [: ");
}

static int print(int argc, char **argv) {
    (void)argc;
    struct profile *profile = fixture_profile(), *base = profile_new();
    fixture_add_sample(profile, "a<b", 1, 2, 3, false);
    profile_add_sample_type(base, "t\x1b[2J", "bytes");
    profile_add_sample(base, NULL, 0, (int64_t[]){1}, NULL, 0);
    table = (struct table_options){.command = "diff", .top = {.lines = 10, .type = argv[0]}};
    int status = table_options_print(&table, &profile, "new", &base, "base");
    profile_free(profile);
    profile_free(base);
    return status;
}

TEST_IN(directory, types) {
    assert_int_equal(FIXTURE_RUN(print, "wall"), STATUS_FAILED);
    assert_string_equal(fixture_error,
                        "cmemprof diff: new: the profile has no such sample type; it has inuse_objects, inuse_space, alloc_space\n");
    assert_int_equal(FIXTURE_RUN(print, "inuse_space"), STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof diff: base: the profile has no such sample type; it has t?[2J\n");
}

int main(void) {
    return tests_run();
}
