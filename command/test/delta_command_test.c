// delta_command_test.c: `cmemprof delta`: two profiles, a series, types.

#include "../../base/test/test.h"

#include "../commands.h"
#include "fixture.h"

static void write_one(const char *name, int64_t in_use, int64_t allocated) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "f<main.x", 1, in_use, allocated, false);
    fixture_save(profile, name);
}

static void expect(const char *name, int64_t in_use, int64_t allocated) {
    struct profile *profile = fixture_load(name);
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[1], in_use);
    assert_int_equal(sample.values[2], allocated);
    profile_free(profile);
}

TEST_IN(directory, two) {
    write_one("a", 10, 100);
    write_one("b", 7, 150);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "b", "-o", "out"), 0);
    expect("out", 7, 50); // inuse_* is not a counter
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "b", "a", "-o", "out"), 0);
    expect("out", 10, 100); // alloc_space was reset
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--types", "inuse_space,alloc_space", "b", "a", "-o", "out"), 0);
    expect("out", 3, 100);
}

// What would not show that it is a delta says so in a comment.
TEST_IN(directory, no_times) {
    write_one("a", 10, 100);
    write_one("b", 7, 150);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "b", "-o", "out"), 0);
    struct profile *profile = fixture_load("out");
    assert_true(profile_has_comment(profile, "cmemprof: difference: b less a"));
    profile_free(profile);
    for (int64_t i = 1; i <= 2; i++) {
        profile = fixture_profile();
        profile_set_time(profile, i * 1000000000, 0);
        fixture_save(profile, i == 1 ? "a" : "b");
    }
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "b", "-o", "out"), 0);
    profile = fixture_load("out");
    assert_int_equal(profile_duration_ns(profile), 1000000000);
    assert_false(profile_has_comment(profile, ""));
    profile_free(profile);
}

TEST_IN(directory, compat) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "f<main.x", 1, 10, 100, false);
    fixture_add_sample(profile, "vanishes<main.x", 1, 10, 30, false);
    fixture_save(profile, "a");
    write_one("b", 7, 40);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "b", "-o", "out"), 0);
    expect("out", 7, 40);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--compat", "fastdelta", "a", "b", "-o", "out"), 0);
    expect("out", 7, -60);
    profile = fixture_load("out");
    assert_int_equal(profile_sample_count(profile), 1);
    profile_free(profile);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--compat", "pprof", "a", "b", "-o", "out"), 0);
    expect("out", 7, -60);
    profile = fixture_load("out");
    assert_int_equal(profile_sample_count(profile), 2);
    profile_free(profile);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--compat", "v2", "a", "b", "-o", "out"), 2);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--max-size", "1", "a", "b", "-o", "out"), 0);
}

TEST_IN(directory, series) {
    write_one("a", 1, 100);
    write_one("b", 2, 150);
    write_one("c", 3, 250);
    mkdir("out.d", 0755);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "./b", "c", "-o", "out.d"), 0);
    expect("out.d/b", 2, 50);
    expect("out.d/c", 3, 100);
    assert_int_equal(access("out.d/a", F_OK), -1);
}

TEST_IN(directory, wrong_place) {
    write_one("a", 1, 100);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "a", "a"), 2);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "b", "c", "-o", "a"), 1);
    assert_string_equal(fixture_error, "cmemprof delta: a: is not a directory; deltas of more than two profiles need one\n");
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a", "x/b", "y/b", "-o", "."), 1);
    assert_string_equal(fixture_error, "cmemprof delta: y/b: its delta would have the same name as that of x/b\n");
    assert_int_equal(
        FIXTURE_RUN(delta_command, "delta", "a", "http://127.0.0.1:9/x?token=s3cret", "http://127.0.0.1:9/y/x?token=s3cret", "-o", "."), 1);
    assert_non_null(
        strstr(fixture_error, "127.0.0.1:9/y/x?token=xxxxx: its delta would have the same name as that of http://127.0.0.1:9/x"));
    assert_null(strstr(fixture_error, "s3cret"));
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a"), 2);
}

TEST_IN(directory, wrong_types) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    profile_add_sample(profile, NULL, 0, (int64_t[]){1}, NULL, 0);
    fixture_save(profile, "cpu");
    write_one("a", 1, 100);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "cpu", "cpu", "-o", "none"), 1);
    assert_non_null(strstr(fixture_error, "cpu: has no sample type that is known as a counter"));
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--types", "cpu", "a", "a", "-o", "none"), 1);
    assert_non_null(strstr(fixture_error, "a: the profile has no sample type cpu\n"));
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "--types", "cpu,", "a", "a", "-o", "none"), 2);
    assert_int_equal(access("none", F_OK), -1);
}

int main(void) {
    return tests_run();
}
