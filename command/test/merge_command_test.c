// merge_command_test.c: `cmemprof merge`: sums, gauges, union, errors.

#include "../../base/test/test.h"

#include "../commands.h"
#include "fixture.h"

static void write_one(const char *name, const char *stack) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, stack, 1, 20, 3, false);
    fixture_save(profile, name);
}

TEST_IN(directory, merge) {
    struct profile_sample_view sample;
    write_one("a", "f<g");
    write_one("b", "h");
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "b", "a", "--output", "sum"), 0);
    assert_string_equal(fixture_out, "");
    assert_string_equal(fixture_error, "cmemprof merge: inuse_objects, inuse_space: mean of 3 files; other types: sums\n");
    struct profile *profile = fixture_load("sum");
    assert_int_equal(profile_sample_count(profile), 2);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[1], 13); // 40 of 3 files
    assert_int_equal(sample.values[2], 6);
    profile_free(profile);
    // To standard output, and in place of an input.
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "--compression", "none"), 0);
    assert_int_equal(fixture_out[0], 0x0a);
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "b", "-o", "a"), 0);
    profile = fixture_load("a");
    assert_int_equal(profile_sample_count(profile), 2);
    profile_free(profile);
}

// An unreadable input leaves no output, and an old output unchanged.
TEST_IN(directory, nothing_written) {
    write_one("a", "f");
    fixture_write("text", "hello", 5);
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "text", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof merge: text: not a pprof profile; it looks like text\n"));
    assert_int_equal(access("out", F_OK), -1);
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "none", "-o", "text"), 1);
    struct stat about;
    assert_int_equal(stat("text", &about), 0);
    assert_int_equal(about.st_size, 5);
}

TEST_IN(directory, union) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    profile_add_sample(profile, NULL, 0, (int64_t[]){5}, NULL, 0);
    fixture_save(profile, "cpu");
    write_one("a", "f");
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "cpu", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof merge: cpu: no sample types in common: cpu/nanoseconds; before: "));
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "a", "cpu", "a", "a", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof merge: the files have no sample type in common; each of these groups can be merged:\n"
                                          "cmemprof merge:   inuse_objects, inuse_space, alloc_space: a, a, a and 1 more\n"
                                          "cmemprof merge:   cpu: cpu\n"));
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--union", "a", "cpu", "-o", "out"), 0);
    profile = fixture_load("out");
    assert_int_equal(profile_sample_type_count(profile), 4);
    assert_int_equal(profile_sample_count(profile), 2);
    profile_free(profile);
    unlink("out");
}

// Sample types of both files are kept, and those left out are named.
TEST_IN(directory, common) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "added", "count");
    profile_add_sample_type(profile, "inuse_space", "kilobytes");
    profile_add_sample(profile, NULL, 0, (int64_t[]){5, 2}, NULL, 0);
    fixture_save(profile, "newer");
    write_one("a", "f");
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--gauges", "sum", "newer", "a", "-o", "out"), 0);
    assert_non_null(strstr(fixture_error, "cmemprof merge: left out: sample type added, which not all files have\n"));
    assert_non_null(strstr(fixture_error, "left out: sample type alloc_space"));
    profile = fixture_load("out");
    assert_int_equal(profile_sample_type_count(profile), 1);
    assert_string_equal(profile_sample_type_unit(profile, 0), "bytes");
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_int_equal(*view.values, 2048);
    profile_free(profile);
    unlink("out");
}

// inuse_* is combined as --gauges says, alloc_* is summed; a comment in the file records it.
TEST_IN(directory, gauges) {
    static const struct {
        const char *how, *said;
        int64_t in_use;
    } cases[] = {
        {"mean", "mean of 3 files", 50}, {"last", "the last of 3 files", 30}, {"max", "the largest of 3 files", 100}, {"sum", NULL, 150}};
    static const int64_t in_use[] = {30, 20, 100}, seconds[] = {3, 2, 1};
    for (int i = 0; i < 3; i++) {
        struct profile *profile = fixture_profile();
        fixture_add_sample(profile, "f", 1, in_use[i], 7, false);
        profile_set_time(profile, seconds[i] * 1000000000, 10);
        fixture_save(profile, (const char *const[]){"a", "b", "c"}[i]);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile_sample_view sample;
        assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "b", "c", "--gauges", cases[i].how, "-o", "out", "--compression", "none"),
                         0);
        struct profile *profile = fixture_load("out");
        assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
        assert_int_equal(sample.values[1], cases[i].in_use);
        assert_int_equal(sample.values[2], 21);
        assert_int_equal(profile_duration_ns(profile), 30);
        assert_int_equal(profile_time_ns(profile), 1000000000);
        profile_free(profile);
        assert_true(cases[i].said ? !!strstr(fixture_error, cases[i].said) : fixture_error[0] == '\0');
    }
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "b", "--gauges", "least", "-o", "out"), 2);
    unlink("out");
}

// The mean of a sample type is over the files that have it.
TEST_IN(directory, gauges_of_some) {
    struct profile *profile = profile_new();
    struct profile_sample_view sample;
    profile_add_sample_type(profile, "goroutine", "count");
    profile_add_sample(profile, NULL, 0, (int64_t[]){5}, NULL, 0);
    fixture_save(profile, "goroutines");
    write_one("a", "f");
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--union", "a", "goroutines", "a", "-o", "out"), 0);
    profile = fixture_load("out");
    int64_t sums[2] = {0};
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        sums[0] += sample.values[1];
        sums[1] += sample.values[3];
    }
    assert_true(sums[0] == 20 && sums[1] == 5);
    profile_free(profile);
    unlink("out");
}

// A sum that overflows is reported and saturated.
TEST_IN(directory, saturated) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "f", 1, INT64_MAX, 3, false);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--gauges", "sum", "a", "a", "-o", "sum"), 0);
    assert_string_equal(fixture_error, "cmemprof merge: sums that overflowed 64 bits: 1; each is kept at the limit\n");
}

// A higher level gives a smaller file.
TEST_IN(directory, level) {
    struct profile *profile = fixture_profile();
    struct stat low, high;
    char stack[40];
    for (int i = 0; i < 3000; i++) {
        snprintf(stack, sizeof stack, "f%d<g%d<main.x", i, i / 7);
        fixture_add_sample(profile, stack, i, i * 17, i * i, false);
    }
    fixture_save(profile, "a");
    static const char *const compressions[] = {"gzip", "zstd"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "-o", "low", "--compression", compressions[i], "--level", "1"), 0);
        assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "-o", "high", "--compression", compressions[i], "--level", "12"), 0);
        assert_int_equal(stat("low", &low) | stat("high", &high), 0);
        assert_true(high.st_size < low.st_size);
    }
}

TEST_IN(directory, wrong) {
    assert_int_equal(FIXTURE_RUN(merge_command, "merge"), 2);
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--type", "x", "a"), 2);
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--help"), 0);
}

int main(void) {
    return tests_run();
}
