// run_output_test.c: profiles of processes become one file, those of signals a file each, and failures are reported.

#include "../../../base/test/test.h"

#include "../run_output.h"
#include "../../test/fixture.h"

static struct run_directory directory;
static struct run_output output;
static bool whole, last;

static int run_setup(void **state) {
    output = (struct run_output){.path = "out.pprof"};
    return directory_setup(state) != 0 || setenv("TMPDIR", folder, 1) != 0 || !run_directory_make(&directory) ? -1 : 0;
}

static int run_teardown(void **state) {
    run_directory_close(&directory);
    return directory_teardown(state);
}

// A profile of one stack with these bytes.
static void put(const char *name, const char *stack, int64_t bytes) {
    char path[PATH_MAX + 64];
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, stack, 1, bytes, 2 * bytes, true);
    snprintf(path, sizeof path, "%s/%s", directory.path, name);
    fixture_save(profile, path);
}

// Adds a sample in this mapped file, with or without a name.
static void put_in_file(struct profile *profile, const char *file, uint64_t address, bool named, int64_t bytes) {
    uint32_t mapping = profile_add_mapping(profile, &(struct profile_mapping){.memory_limit = 0x1000, .file = file, .build_id = ""});
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = ""});
    uint32_t location = profile_add_location(profile, *file ? mapping : 0, address, &(struct profile_line){function, 1, 0}, named);
    profile_add_sample(profile, &location, 1, (int64_t[]){1, bytes, bytes}, NULL, 0);
}

static void save(struct profile *profile) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/7-100.1.exit.pb", directory.path);
    fixture_save(profile, path);
}

static int take(int argc, char **argv) {
    (void)argc, (void)argv;
    run_output_take(&output, &directory, whole, last);
    return output.failed;
}

static int take_with(bool as_whole, bool as_last) {
    whole = as_whole;
    last = as_last;
    return FIXTURE_RUN(take, "run");
}

static int64_t in_use(const char *path) {
    struct profile *profile = fixture_load(path);
    struct profile_sample_view view;
    int64_t total = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        total += view.values[1];
    }
    profile_free(profile);
    return total;
}

TEST_IN(run, the_last_profile_of_each_process_counts) {
    put("7-100.1.period.pb", "a<main", 1000);
    put("7-100.2.exit.pb", "a<main", 3000);
    put("9-200.1.exit.pb", "b<main", 500);
    assert_int_equal(take_with(true, true), 0);
    assert_int_equal(in_use("out.pprof"), 3500);
    assert_int_equal(output.processes, 2);
    assert_non_null(strstr(fixture_error, "out.pprof: 3.50 kB of 2 processes in use at the end, 7.00 kB allocated in all"));
}

TEST_IN(run, sites_without_a_name_are_reported) {
    put("7-100.1.exit.pb", "a<main", 3000);
    put("8-100.1.exit.pb", "unknown+0x0<main", 1000);
    assert_int_equal(take_with(true, true), 0);
    assert_non_null(strstr(
        fixture_error, "25 % of allocated bytes have a site without a name, most of them in code that the program generates at run time"));
    put("8-100.1.exit.pb", "unknown+0x0<main", 20);
    assert_int_equal(take_with(true, true), 0);
    assert_null(strstr(fixture_error, "without a name"));
}

// Names the file with the most bytes, not the one with the largest site. Code without a file has no symbols to add.
TEST_IN(run, file_with_most_bytes_is_reported) {
    struct profile *profile = fixture_profile();
    put_in_file(profile, "/lib/one.so", 0x10, false, 500);
    for (uint64_t i = 0; i < 3; i++) {
        put_in_file(profile, "/lib/many.so", 0x100 + i, false, 300);
    }
    put_in_file(profile, "/lib/named.so", 0x10, true, 600);
    save(profile);
    assert_int_equal(take_with(true, true), 0);
    assert_non_null(
        strstr(fixture_error, "70 % of allocated bytes have a site without a name, most of them in /lib/many.so, which has no symbols"));
    profile = fixture_profile();
    put_in_file(profile, "", 0x10, false, 500);
    save(profile);
    assert_int_equal(take_with(true, true), 0);
    assert_non_null(strstr(fixture_error, "most of them in code that the program generates at run time\n"));
}

// An empty profile is explained.
TEST_IN(run, nothing_sampled_is_reported) {
    save(fixture_profile());
    assert_int_equal(take_with(true, true), 0);
    assert_non_null(
        strstr(fixture_error, "0 B in use at the end, 0 B allocated in all\ncmemprof run: nothing was sampled: it allocated little"));
    assert_non_null(strstr(fixture_error, "--follow-children"));
    put("9-200.1.exit.pb", "b<main", 500);
    assert_int_equal(take_with(true, true), 0);
    assert_null(strstr(fixture_error, "nothing was sampled"));
}

// Python and Node free their memory before they end.
TEST_IN(run, freed_before_the_end_is_reported) {
    static const struct {
        const char *file;
        int64_t in_use;
        unsigned signals;
        bool said;
    } cases[] = {{"/usr/bin/node", 99, 0, true},  {"/usr/bin/python3.11", 99, 0, true}, {"/usr/bin/node", 101, 0, false},
                 {"/usr/bin/node", 99, 1, false}, {"/usr/lib/libjvm.so", 99, 0, false}, {"/usr/bin/redis", 99, 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = fixture_profile();
        put_in_file(profile, cases[i].file, 0x10, true, cases[i].in_use);
        put_in_file(profile, cases[i].file, 0x20, true, 0);
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "g", .system_name = "", .file = ""});
        uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 1, 0}, 1);
        profile_add_sample(profile, &location, 1, (int64_t[]){0, 0, 1000 - cases[i].in_use}, NULL, 0);
        save(profile);
        output.signals = cases[i].signals;
        assert_int_equal(take_with(true, true), 0);
        assert_int_equal(!!strstr(fixture_error, "most of that was freed before the end: --signal USR2"), cases[i].said);
    }
}

TEST_IN(run, what_the_profile_lacks_is_reported) {
    struct profile *profile = fixture_profile();
    put_in_file(profile, "/usr/bin/python3.11", 0x10, true, 500);
    profile_add_comment(profile, "cmemprof: warning: objects of Python are not told apart");
    save(profile);
    assert_int_equal(take_with(true, true), 0);
    assert_non_null(strstr(fixture_error, "cmemprof run: out.pprof: objects of Python are not told apart\n"));
}

// Runtimes that manage memory of their own get a note on coverage.
TEST_IN(run, languages_are_reported) {
    static const struct {
        const char *file, *said;
    } cases[] = {{"/usr/bin/python3.11", NULL},
                 {"/usr/lib/jvm/lib/server/libjvm.so", "the Java heap is not in the profile"},
                 {"/usr/bin/node", "JavaScript objects are not in the profile"},
                 {"/usr/bin/nodes", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = fixture_profile();
        put_in_file(profile, cases[i].file, 0x10, true, 500);
        save(profile);
        assert_int_equal(take_with(true, true), 0);
        assert_int_equal(!!strstr(fixture_error, "docs/run.md"), !!cases[i].said);
        assert_true(!cases[i].said || strstr(fixture_error, cases[i].said));
    }
}

TEST_IN(run, periods_write_it_anew) {
    put("7-100.1.period.pb", "a<main", 1000);
    assert_int_equal(take_with(true, false), 0);
    assert_int_equal(in_use("out.pprof"), 1000);
    assert_string_equal(fixture_error, "");
    assert_int_equal(unlink("out.pprof"), 0);
    assert_int_equal(take_with(true, false), 0); // no new file
    assert_int_not_equal(access("out.pprof", F_OK), 0);
    put("7-100.2.period.pb", "a<main", 4000);
    assert_int_equal(take_with(true, false), 0);
    assert_int_equal(in_use("out.pprof"), 4000);
}

TEST_IN(run, each_signal_has_a_file) {
    put("7-100.1.signal.pb", "a<main", 1000);
    put("7-100.2.signal.pb", "a<main", 2000);
    assert_int_equal(take_with(false, false), 0);
    assert_int_equal(in_use("out.pprof.1"), 1000);
    assert_int_equal(in_use("out.pprof.2"), 2000);
    assert_int_equal(take_with(false, false), 0); // already seen
    assert_int_not_equal(access("out.pprof.3", F_OK), 0);
}

TEST_IN(run, what_cannot_be_read_or_written_is_reported) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/7-100.1.exit.pb", directory.path);
    fixture_write(path, "no profile", 10);
    assert_int_equal(take_with(true, true), 1);
    assert_non_null(strstr(fixture_error, "the profile of process 7 cannot be read: "));
    assert_int_not_equal(access("out.pprof", F_OK), 0);

    put("7-100.1.exit.pb", "a<main", 1000);
    output = (struct run_output){.path = "missing/out.pprof"};
    assert_int_equal(take_with(true, true), 1);
    assert_non_null(strstr(fixture_error, "missing/out.pprof: No such file or directory"));
}

int main(void) {
    return tests_run();
}
