// run_peak_test.c: the peak becomes a file and a line if it is more than what is in use at the end.

#include "../../../base/test/test.h"

#include <limits.h>

#include "../run_peak.h"
#include "run_fixture.h"

static int64_t in_use;

static struct profile *peak_profile(void) {
    static const char *const types[] = {"peak_rss_objects", "peak_rss_space", "peak_objects", "peak_space"};
    struct profile *profile = profile_new();
    for (int i = 0; i < 4; i++) {
        profile_add_sample_type(profile, types[i], i % 2 == 0 ? "count" : "bytes");
    }
    return profile;
}

static void add_site(struct profile *profile, const char *function, int64_t rss_bytes, int64_t bytes) {
    uint32_t of = profile_add_function(profile, &(struct profile_function){.name = function, .system_name = "", .file = "x.c"});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){of, 7, 0}, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){1, rss_bytes, 1, bytes}, NULL, 0);
}

static int take(int argc, char **argv) {
    (void)argc, (void)argv;
    struct profile *peak = NULL;
    bool ok = run_directory_list(&directory) && run_peak_take(&output, &directory, in_use, &peak);
    profile_free(peak);
    return ok ? 0 : 1;
}

static int take_with(int64_t bytes) {
    in_use = bytes;
    unlink("out.pprof.peak");
    return FIXTURE_RUN(take, "run");
}

TEST_IN(run, largest_sites_are_named) {
    struct profile *profile = peak_profile();
    add_site(profile, "small", 0, 10);
    add_site(profile, "table", 9, 4000);
    add_site(profile, "cache", 0, 2000);
    add_site(profile, "table", 0, 3000); // another stack of it
    add_site(profile, "third", 0, 1000);
    add_site(profile, "at_highest_rss", 90000, 0);
    profile_set_time(profile, 2500000100, 0);
    save(profile, "7-100.peak");
    save(peak_profile(), "7-100.1.exit.pb");
    assert_int_equal(take_with(0), 0);
    assert_non_null(
        strstr(fixture_error, "out.pprof.peak: peak of 10.0 kB in use after 2.5 s: 7.00 kB table, 2.00 kB cache, 1.00 kB third\n"));
    profile = fixture_load("out.pprof.peak");
    assert_int_equal(profile_sample_count(profile), 5); // by stack
    profile_free(profile);
}

TEST_IN(run, what_is_there_at_the_end_is_no_news) {
    struct profile *profile = peak_profile();
    add_site(profile, "table", 0, 1000);
    save(profile, "7-100.peak");
    save(peak_profile(), "7-100.1.exit.pb");
    assert_int_equal(take_with(900), 0);
    assert_string_equal(fixture_error, "");
    assert_int_not_equal(access("out.pprof.peak", F_OK), 0);
    assert_int_equal(take_with(899), 0);
    assert_int_equal(access("out.pprof.peak", F_OK), 0);
}

// Each process has its own, and one that wrote none is said.
TEST_IN(run, processes_are_added_up) {
    struct profile *profile = peak_profile();
    add_site(profile, "table", 0, 1000);
    profile_set_time(profile, 2500000100, 0);
    save(profile, "7-100.peak");
    save(peak_profile(), "7-100.1.exit.pb");
    profile = peak_profile();
    add_site(profile, "table", 0, 500);
    save(profile, "8-100.peak");
    save(peak_profile(), "8-100.1.exit.pb");
    output.processes = 2;
    assert_int_equal(take_with(0), 0);
    assert_non_null(strstr(fixture_error, "peak of 1.50 kB in use: 1.50 kB table\n")); // they need not have been at once
    save(peak_profile(), "9-100.1.exit.pb");
    assert_int_equal(take_with(0), 0);
    assert_non_null(strstr(fixture_error, "the peak of some process is unknown"));
    assert_int_not_equal(access("out.pprof.peak", F_OK), 0);
}

TEST_IN(run, a_file_that_cannot_be_written_is_said) {
    struct profile *profile = peak_profile();
    add_site(profile, "table", 0, 1000);
    save(profile, "7-100.peak");
    save(peak_profile(), "7-100.1.exit.pb");
    output.path = "no/such/folder";
    assert_int_equal(take_with(0), 1);
    assert_non_null(strstr(fixture_error, "no/such/folder.peak"));
}

int main(void) {
    return tests_run();
}
