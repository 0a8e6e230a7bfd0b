// top_command_test.c: `cmemprof top`: several files, gauges, bases, default types.

#include "../../base/test/test.h"

#include "../commands.h"
#include "fixture.h"

static void write_one(const char *name, int64_t in_use) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "leaf<caller<main.x", 1, in_use, 9, true);
    fixture_add_sample(profile, "main.y<main.x", 1, 50, 9, false);
    fixture_save(profile, name);
}

TEST_IN(directory, top) {
    write_one("a", 100);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "a"), 0);
    assert_string_equal(fixture_out, "inuse_space: Go memory 50 B, C memory 100 B\n"
                                     "all memory by stack, 2 objects\n"
                                     "\n"
                                     "     value   share    objects  stack, the allocation first\n"
                                     "     100 B   66.7%          1  leaf <- caller <- main.x\n"
                                     "      50 B   33.3%          1  main.y <- main.x\n");
}

TEST_IN(directory, warnings) {
    for (int i = 0; i < 2; i++) {
        struct profile *profile = fixture_profile();
        fixture_add_sample(profile, "main.y<main.x", 1, 50, 9, false);
        profile_add_comment(profile, i ? "cmemprof: warning: 9 % were dropped" : "cmemprof: warning: 31 % were dropped");
        fixture_save(profile, i ? "b" : "a");
    }
    assert_int_equal(FIXTURE_RUN(top_command, "top", "a", "b"), 0);
    assert_string_equal(fixture_error, "cmemprof top: warning: 31 % were dropped\n");
}

TEST_IN(directory, several_files) {
    write_one("a", 100);
    write_one("b", 900);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--by", "function", "--cum", "--ignore", "y$", "--lines", "1", "a", "b"), 0);
    assert_non_null(strstr(fixture_out, "     500 B   90.9%          1      500 B   90.9%  leaf  x.c\n"));
    assert_non_null(strstr(fixture_out, "inuse_space: Go memory 50 B, C memory 500 B, mean of 2 files\n"));
    assert_non_null(strstr(fixture_out, "and 2 more\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--gauges", "sum", "a", "b"), 0);
    assert_non_null(strstr(fixture_out, "inuse_space: Go memory 100 B, C memory 1.00 kB\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--gauges=max", "a", "b"), 0);
    assert_non_null(strstr(fixture_out, "inuse_space: Go memory 50 B, C memory 900 B, the largest of 2 files\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-alloc_space", "a", "b"), 0); // not a gauge
    assert_non_null(strstr(fixture_out, "alloc_space: Go memory 18 B, C memory 18 B\n"));
}

// max chooses the file by the sample type that is shown, given by name or number.
TEST_IN(directory, max_of_a_type) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "leaf<main.x", 70, 10, 9, false); // more objects, fewer bytes
    fixture_save(profile, "many");
    write_one("a", 100);
    for (const char *const *type = (const char *const[]){"inuse_objects", "0", NULL}; *type; type++) {
        assert_int_equal(FIXTURE_RUN(top_command, "top", "--gauges", "max", "--type", *type, "many", "a"), 0);
        assert_non_null(strstr(fixture_out, "inuse_objects: 70, the largest of 2 files\n"));
    }
}

// Options of go tool pprof.
TEST_IN(directory, names_of_pprof) {
    write_one("a", 100);
    write_one("b", 900);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-top", "-cum", "-nodecount=1", "-sample_index=inuse_space", "a"), 0);
    assert_non_null(strstr(fixture_out, "       0 B    0.0%          0      150 B  100.0%  main.x  x.go\n"));
    assert_non_null(strstr(fixture_out, "and 3 more\n"));
    assert_int_equal(
        FIXTURE_RUN(top_command, "top", "-top", "-nodecount", "0", "-sample_index", "1", "-unit", "kb", "-hide", "^leaf$", "a"), 0);
    assert_non_null(strstr(fixture_out, "   0.10 kB   66.7%          1    0.10 kB   66.7%  caller  x.c\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-diff_base", "a", "-top", "b"), 0);
    assert_non_null(strstr(fixture_out, "inuse_space: 150 B -> 950 B (+800 B, +533.3%)\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-base", "a", "-top", "b"), 0);
    assert_non_null(strstr(fixture_out, "    +800 B  +84.2%"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-diff_base", "a", "-diff_base", "b", "-alloc_space", "b"), 0); // sum of both
    assert_non_null(strstr(fixture_out, "alloc_space: 36 B -> 18 B (-18 B, -50.0%)\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-diff_base", "a", "-base", "b", "b"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-base", "a", "-normalize", "-top", "b"), 0);
    assert_non_null(strstr(fixture_out, "inuse_space: 150 B -> 150 B (0 B, +0.0%)\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-normalize", "b"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-diff_base", "a", "-peek", "x", "b"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-web", "a"), 2);
    assert_non_null(strstr(fixture_error, "cmemprof top: -web draws a graph"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-unit", "parsec", "a"), 2);
}

// Shows alloc_space if nothing is in use, unless a sample type or a filter was given.
TEST_IN(directory, nothing_in_use) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "leaf<main.x", 0, 0, 9, true);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "a"), 0);
    assert_non_null(strstr(fixture_out, "Nothing is in use: this is what was allocated.\nalloc_space: Go memory 0 B, C memory 9 B\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "inuse_space", "a"), 0);
    assert_non_null(strstr(fixture_out, "none\n"));
    profile = fixture_profile();
    fixture_add_sample(profile, "leaf<main.x", 0, 0, 9, true);
    fixture_add_sample(profile, "main.y<main.x", 1, 5, 9, false);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--memory", "C", "a"), 0);
    assert_non_null(
        strstr(fixture_out, "Nothing is in use: this is what was allocated.\nalloc_space: Go memory 9 B, C memory 9 B\nC memory"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--focus", "leaf", "a"), 0);
    assert_non_null(strstr(fixture_out, "none\n"));
}

// A sample type without a name is chosen by its number.
TEST_IN(directory, nameless_type) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    profile_add_sample_type(profile, "", "count");
    profile_add_sample(profile, NULL, 0, (int64_t[]){7, 5}, NULL, 0);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "1", "a"), 0);
    assert_non_null(strstr(fixture_out, ": 5\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "2", "a"), 1);
}

TEST_IN(directory, wrong) {
    assert_int_equal(FIXTURE_RUN(top_command, "top"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "none"), 1);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-o", "x", "none"), 2);
    write_one("a", 1);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "wall", "a"), 1);
    assert_non_null(strstr(fixture_error, "a: the profile has no such sample type; it has inuse_objects,"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--help"), 0);
    assert_non_null(strstr(fixture_out, "usage: cmemprof top [OPTIONS] FILE...\n"));
}

int main(void) {
    return tests_run();
}
