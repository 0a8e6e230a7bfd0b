// output_test.c: files are written completely or not at all, keep their mode, follow links, and do not replace a directory.

#include "../../../base/test/test.h"

#include <dirent.h>
#include <sys/resource.h>

#include "../output.h"
#include "../diagnostic.h"
#include "../../test/fixture.h"

static char big[1 << 17];

static int write_small(int argc, char **argv) {
    (void)argc;
    return output_write("merge", argv[0], "hello", 5);
}
static int write_big(int argc, char **argv) {
    (void)argc;
    return output_write("merge", argv[0], big, sizeof big);
}

static size_t count_files(void) {
    size_t count = 0;
    DIR *directory = opendir(".");
    for (struct dirent *entry; (entry = readdir(directory));) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static void expect_file(const char *name, const char *content, mode_t mode) {
    char bytes[64] = {0};
    struct stat about;
    int file = open(name, O_RDONLY);
    assert_true(read(file, bytes, sizeof bytes - 1) >= 0);
    close(file);
    assert_string_equal(bytes, content);
    assert_int_equal(stat(name, &about), 0);
    assert_int_equal(about.st_mode & 0777, mode);
}

TEST_IN(directory, file) {
    umask(027);
    assert_int_equal(FIXTURE_RUN(write_small, "new"), STATUS_DONE);
    expect_file("new", "hello", 0640);
    fixture_write("old", "what was there", 14);
    chmod("old", 0604);
    assert_int_equal(symlink("old", "link"), 0);
    assert_int_equal(FIXTURE_RUN(write_small, "link"), STATUS_DONE);
    expect_file("old", "hello", 0604);
    struct stat about;
    assert_int_equal(lstat("link", &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(count_files(), 3);
}

TEST_IN(directory, standard_output) {
    assert_int_equal(FIXTURE_RUN(write_small, "-"), STATUS_DONE);
    assert_string_equal(fixture_out, "hello");
    assert_int_equal(output_check("merge", &(struct output){.path = "x"}), STATUS_DONE);
}

// A file size limit acts like a full disk: the old file stays, and no temporary file.
TEST_IN(directory, full_disk) {
    struct rlimit before, small;
    fixture_write("old", "old", 3);
    chmod("old", 0644);
    size_t files = count_files();
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1 << 16;
    setrlimit(RLIMIT_FSIZE, &small);
    int status = FIXTURE_RUN(write_big, "old");
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof merge: old: File too large\n");
    expect_file("old", "old", 0644);
    assert_int_equal(count_files(), files);
    assert_int_equal(FIXTURE_RUN(write_small, "/dev/full"), STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof merge: /dev/full: No space left on device\n");
}

TEST_IN(directory, no_place) {
    size_t files = count_files();
    assert_int_equal(FIXTURE_RUN(write_small, "no/such/directory"), STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof merge: no/such/directory: No such file or directory\n");
    assert_int_equal(FIXTURE_RUN(write_small, "."), STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof merge: .: Is a directory\n");
    assert_int_equal(count_files(), files);
}

static int write_profile(int argc, char **argv) {
    (void)argc;
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "a<b", 1, 2, 3, false);
    const struct output output = {.compression = strcmp(argv[0], "raw") == 0    ? MERGE_RAW
                                                 : strcmp(argv[0], "zstd") == 0 ? MERGE_ZSTD
                                                                                : MERGE_GZIP};
    int status = output_profile("merge", &output, argv[0], profile);
    profile_free(profile);
    return status;
}

TEST_IN(directory, profile) {
    static const char *const names[] = {"raw", "zstd", "gzip"};
    static const unsigned char first[] = {0x0a, 0x28, 0x1f};
    for (int i = 0; i < 3; i++) {
        unsigned char byte = 0;
        assert_int_equal(FIXTURE_RUN(write_profile, names[i]), STATUS_DONE);
        int file = open(names[i], O_RDONLY);
        assert_int_equal(read(file, &byte, 1), 1);
        close(file);
        assert_int_equal(byte, first[i]);
        struct profile *profile = fixture_load(names[i]);
        assert_int_equal(profile_sample_count(profile), 1);
        profile_free(profile);
    }
}

int main(void) {
    return tests_run();
}
