// run_time_test.c: the time profiles of all periods and processes become one file, and a line with the functions that used most.

#include "../../../base/test/test.h"

#include <limits.h>
#include <unistd.h>

#include "../run_time.h"
#include "run_fixture.h"

static struct profile *time_profile(const char *function, int64_t cpu_ns, int64_t wall_ns) {
    struct profile *profile = profile_new();
    if (wall_ns != 0) {
        profile_add_sample_type(profile, "wall-time", "nanoseconds");
    }
    profile_add_sample_type(profile, "cpu-time", "nanoseconds");
    uint32_t of = profile_add_function(profile, &(struct profile_function){.name = function, .system_name = function, .file = ""});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){of, 0, 0}, 1);
    const int64_t values[] = {wall_ns, cpu_ns};
    profile_add_sample(profile, &location, 1, wall_ns != 0 ? values : values + 1, NULL, 0);
    return profile;
}

static int add(int argc, char **argv) {
    (void)argc, (void)argv;
    return run_directory_list(&directory) && run_time_add(&output, &directory) ? 0 : 1;
}

static int add_and_write(int argc, char **argv) {
    return add(argc, argv) == 0 && run_time_write(&output) ? 0 : 1;
}

TEST_IN(run, periods_and_processes_add_up) {
    save(time_profile("parse", 1000000000, 3000000000), "7-100.1.time");
    save(time_profile("", 1, 0), "7-100.1.period.pb");
    assert_int_equal(FIXTURE_RUN(add, "run"), 0);
    assert_int_equal(FIXTURE_RUN(add, "run"), 0); // read once
    struct profile *profile = time_profile("parse", 500000000, 1000000000);
    profile_add_comment(profile, "cmemprof: warning: time is incomplete: something");
    save(profile, "7-100.2.time");
    save(time_profile("", 1, 0), "7-100.2.exit.pb");
    save(time_profile("hash", 2000000000, 0), "8-100.1.time"); // not of Python
    save(time_profile("", 1, 0), "8-100.1.exit.pb");
    assert_int_equal(FIXTURE_RUN(add_and_write, "run"), 0);
    assert_string_equal(fixture_error, "cmemprof run: out.pprof.cpu: 3.50 s of CPU time: 2.00 s hash, 1.50 s parse\n"
                                       "cmemprof run: out.pprof.cpu: time is incomplete: something\n");
    profile = fixture_load("out.pprof.cpu");
    assert_int_equal(run_output_total(profile, "wall-time"), 4000000000);
    profile_free(profile);
}

TEST_IN(run, without_there_is_no_file) {
    save(time_profile("", 1, 0), "7-100.1.exit.pb");
    assert_int_equal(FIXTURE_RUN(add_and_write, "run"), 0);
    assert_string_equal(fixture_error, "");
    assert_int_equal(access("out.pprof.cpu", F_OK), -1);
}

TEST_IN(run, what_cannot_be_read_is_said) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/7-100.1.time", directory.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("no profile", file);
    fclose(file);
    save(time_profile("", 1, 0), "7-100.1.exit.pb");
    assert_int_equal(FIXTURE_RUN(add_and_write, "run"), 1);
    assert_non_null(strstr(fixture_error, "a time profile of process 7 is lost: "));
    profile_free(output.time);
}

int main(void) {
    return tests_run();
}
