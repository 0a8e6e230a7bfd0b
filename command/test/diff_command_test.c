// diff_command_test.c: `cmemprof diff`: the table, and the profile with its base.

#include "../../base/test/test.h"

#include "../commands.h"
#include "fixture.h"

static void write_one(const char *name, int64_t f, int64_t g) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "f<main.x", 1, f, 0, false);
    fixture_add_sample(profile, "g<main.x", 1, g, 0, false);
    fixture_save(profile, name);
}

TEST_IN(directory, table) {
    write_one("base", 100, 100);
    write_one("new", 100, 40);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "base", "new"), 0);
    assert_string_equal(fixture_out, "inuse_space: 200 B -> 140 B (-60 B, -30.0%)\n"
                                     "all memory by function, 0 objects\n"
                                     "\n"
                                     "    change of base    objects      total of base  function\n"
                                     "     -60 B  -30.0%          0      -60 B  -30.0%  g  x.c\n"
                                     "       0 B   +0.0%          0      -60 B  -30.0%  main.x  x.go\n");
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "--by", "stack", "base", "base"), 0);
    assert_non_null(strstr(fixture_out, "(0 B, +0.0%)\n"));
    assert_non_null(strstr(fixture_out, "none\n"));
}

// The base's samples are negative and labelled, those of the new profile are not labelled.
static void check_profile(const char *name) {
    struct profile *profile = fixture_load(name);
    int64_t labelled = 0, plain = 0;
    assert_int_equal(profile_sample_count(profile), 4);
    for (size_t i = 0; i < 4; i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        *(sample.label_count ? &labelled : &plain) += sample.values[1];
    }
    assert_int_equal(labelled, -200);
    assert_int_equal(plain, 140);
    profile_free(profile);
}

TEST_IN(directory, profile) {
    write_one("base", 100, 100);
    write_one("new", 100, 40);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "base", "new", "-o", "out"), 0);
    assert_string_equal(fixture_out, "");
    check_profile("out");
    // The base from a pipe, which can be read only once.
    int before = dup(STDIN_FILENO), file = open("base", O_RDONLY);
    dup2(file, STDIN_FILENO);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "-", "new", "-o", "out"), 0);
    dup2(before, STDIN_FILENO);
    close(before);
    close(file);
    check_profile("out");
}

TEST_IN(directory, wrong) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    profile_add_sample(profile, NULL, 0, (int64_t[]){1}, NULL, 0);
    fixture_save(profile, "cpu");
    write_one("new", 1, 2);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "new"), 2);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "cpu", "new"), 1);
    assert_non_null(strstr(fixture_error, "cpu: the profile has no such sample type; it has cpu\n"));
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "cpu", "new", "-o", "out2"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof diff: cpu: no sample types in common: "));
    fixture_write("text", "hello", 5);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "text", "new", "-o", "out2"), 1);
    assert_non_null(strstr(fixture_error, "text: not a pprof profile"));
    assert_int_equal(access("out2", F_OK), -1);
}

// Events of Node, whose labels become frames on both sides.
TEST_IN(directory, events) {
    for (int side = 0; side < 2; side++) {
        struct profile *profile = profile_new();
        struct profile_label labels[] = {{"event", "fs", 0, ""}, {"operation", "readFile", 0, ""}};
        profile_add_sample_type(profile, "time", "nanoseconds");
        profile_add_sample(profile, NULL, 0, (int64_t[]){side ? 70 : 30}, labels, 2);
        fixture_save(profile, side ? "new" : "base");
    }
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "--exact", "base", "new"), 0);
    assert_non_null(strstr(fixture_out, "readFile"));
    char *by_diff = strdup(fixture_out);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--exact", "--by", "function", "--diff_base", "base", "new"), 0);
    assert_string_equal(fixture_out, by_diff);
    free(by_diff);
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "base", "base"), 0);
    char *rows = strchr(fixture_out, '\n');
    assert_non_null(rows);
    assert_non_null(strstr(fixture_out, "(0 ns, +0.0%)"));
    assert_null(strstr(rows, "30 ns")); // no row has changed
}

int main(void) {
    return tests_run();
}
