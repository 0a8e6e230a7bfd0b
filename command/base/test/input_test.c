// input_test.c: error messages for files that are not profiles, damaged, or too large.

#include "../../../base/test/test.h"

#include "../input.h"
#include "../diagnostic.h"
#include "../../test/fixture.h"

// Forwards to glibc's realloc, but fails for a chosen size. Under a sanitizer, which has its own realloc, nothing fails.
#ifndef __SANITIZE_ADDRESS__
static size_t failing_bytes; // 0: none
void *__libc_realloc(void *old, size_t size);
void *realloc(void *old, size_t size) {
    return failing_bytes && size == failing_bytes ? NULL : __libc_realloc(old, size);
}
#endif

static enum gauges gauges;
static int64_t in_use;

static int merge(int argc, char **argv) {
    struct options options = {
        .command = "top", .limits = merge_default_limits, .gauges = gauges, .files = argv, .file_count = (size_t)argc};
    options.limits.input_bytes = 1 << 20;
    struct profile *profile = input_merge(&options);
    struct profile_sample_view sample;
    in_use = profile && profile_sample_at(profile, 0, &sample) == MERGE_OK ? sample.values[1] : -1;
    int status = profile ? STATUS_DONE : STATUS_FAILED;
    profile_free(profile);
    return status;
}

static void write_one(const char *name) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "a<b", 1, 20, 3, false);
    fixture_save(profile, name);
}

static void expect(const char *file, const char *text) {
    char line[400];
    assert_int_equal(FIXTURE_RUN(merge, file), STATUS_FAILED);
    snprintf(line, sizeof line, "cmemprof top: %s: %s", file, text);
    if (strncmp(fixture_error, line, strlen(line)) != 0) {
        fail_msg("said %s instead of %s", fixture_error, line);
    }
    assert_ptr_equal(strchr(fixture_error, '\n'), fixture_error + strlen(fixture_error) - 1); // one line
}

TEST_IN(directory, merge) {
    write_one("a");
    assert_int_equal(FIXTURE_RUN(merge, "a"), STATUS_DONE);
    assert_int_equal(in_use, 20);
    gauges = GAUGES_OF_SUM;
    assert_int_equal(FIXTURE_RUN(merge, "a", "a", "a"), STATUS_DONE);
    assert_int_equal(in_use, 60);
    gauges = GAUGES_OF_MEAN;
    assert_int_equal(FIXTURE_RUN(merge, "a", "a", "a"), STATUS_DONE);
    assert_int_equal(in_use, 20);
}

TEST_IN(directory, standard_input) {
    write_one("a");
    int before = dup(STDIN_FILENO), file = open("a", O_RDONLY);
    dup2(file, STDIN_FILENO);
    gauges = GAUGES_OF_SUM;
    assert_int_equal(FIXTURE_RUN(merge, "a", "-"), STATUS_DONE);
    assert_int_equal(in_use, 40);
    gauges = GAUGES_OF_MEAN;
    assert_int_equal(FIXTURE_RUN(merge, "-"), STATUS_FAILED); // at end of file
    assert_string_equal(fixture_error, "cmemprof top: standard input: is empty\n");
    dup2(before, STDIN_FILENO);
    close(before);
    close(file);
}

TEST_IN(directory, no_profile) {
    static char big[(1 << 20) + 1];
    expect("none", "No such file or directory\n");
    expect(".", "Is a directory\n");
    assert_int_equal(FIXTURE_RUN(merge, "http://localhost:1/t/secret/debug"), STATUS_FAILED); // nobody listens
    assert_non_null(strstr(fixture_error, "cmemprof top: http://localhost:1/t/xxxxx/debug: "));
    assert_null(strstr(fixture_error, "secret"));
    fixture_write("empty", "", 0);
    expect("empty", "is empty\n");
    fixture_write("text", "<html>", 6);
    expect("text", "not a pprof profile; it looks like an HTML page, perhaps an error or login page of the server\n");
    fixture_write("bytes", "\x01\xff\xff", 3);
    expect("bytes", "not a pprof profile, or a damaged one: ");
    assert_non_null(strstr(fixture_error, "(byte 0, inflated)"));
    fixture_write("big", big, sizeof big);
    expect("big", "is larger than 1 MiB; --max-size raises the limit\n");
    fixture_write("no-types", "\x32", 2); // a string table of one empty string
    expect("no-types", "not a pprof profile: it has no sample types\n");
    write_one("a");
    assert_int_equal(truncate("a", 40), 0);
    expect("a", "damaged or truncated: ");
}

TEST_IN(directory, types_differ) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "t\x1b[2J", "count");
    profile_add_sample(profile, NULL, 0, (int64_t[]){1}, NULL, 0);
    fixture_save(profile, "b");
    write_one("a");
    assert_int_equal(FIXTURE_RUN(merge, "a", "b"), STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "cmemprof top: b: no sample types in common: t"));
    assert_non_null(strstr(fixture_error, "cmemprof top:   inuse_objects, inuse_space, alloc_space: a\n"));
    assert_null(strchr(fixture_error, '\x1b'));
}

// Exceeds the limit only when inflated.
TEST_IN(directory, bomb) {
    struct profile *profile = fixture_profile();
    char *comment = calloc(1, 2 << 20);
    memset(comment, 'x', (2 << 20) - 1);
    fixture_add_sample(profile, "a", 1, 2, 3, false);
    profile_add_comment(profile, comment);
    fixture_save(profile, "bomb");
    free(comment);
    expect("bomb", "exceeds a limit (--max-size sets the inflated size): ");
}

TEST_IN(directory, no_memory) {
#ifndef __SANITIZE_ADDRESS__
    write_one("a");
    struct stat about;
    stat("a", &about);
    failing_bytes = (size_t)about.st_size + 1;
    int status = FIXTURE_RUN(merge, "a");
    failing_bytes = 0;
    assert_int_equal(status, STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof top: a: Cannot allocate memory\n");
#endif
}

int main(void) {
    return tests_run();
}
