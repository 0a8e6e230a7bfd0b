// backup_export_test.c: what an export writes, beside an open store, and what it says of damage.

#include "../../../base/test/test.h"

#include "backup_scene.h"

#include <unistd.h>

TEST_IN(store, beside_an_open_store) {
    struct test_store *test = *state;
    struct told told;
    char path[200], command[600];
    add_six(test);
    snprintf(path, sizeof path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_OK);
    assert_string_equal(told.said, "");
    assert_true(told.backup.uploads == 5 && told.backup.marks == 2 && told.backup.gone == 0);
    assert_int_equal(told.backup.bytes > (uint64_t)5 * 2 * PACKED_BYTES, true);
    expect_six(test);
    // tar itself reads it, and its files are those of the uploads.
    snprintf(command, sizeof command, "cd %s && mkdir out && tar xf all.tar -C out && cmp out/uploads/5/0-a.pprof uploads/5/0-a.pprof",
             test->directory);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command,
             "cd %s && test \"$(ls out/uploads | tr '\\n' ' ')\" = '1 2 4 5 6 ' && test -s out/uploads/1/meta.json && grep -q pinned "
             "out/notebook.json",
             test->directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(unlink(path), 0);
}

// One that is damaged is left out, and said; all others are in it.
TEST_IN(store, damaged) {
    struct test_store *test = *state;
    struct told told;
    char path[200], command[300];
    add_six(test);
    snprintf(command, sizeof command, "cd %s/uploads && rm 6/event.json && : > 1-4.pack", test->directory);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_OK);
    assert_non_null(strstr(told.said, "upload 6: it has no event.json"));
    assert_non_null(strstr(told.said, "upload 1: "));
    assert_true(told.backup.uploads == 2 && told.backup.skipped >= 3);
    assert_int_equal(unlink(path), 0);
}

TEST_IN(store, cannot) {
    struct test_store *test = *state;
    struct told told;
    assert_int_equal(export_to(&told, "/nowhere/at/all", "/dev/null"), RECEIVER_BAD_DIRECTORY);
    assert_non_null(strstr(told.text, "/nowhere/at/all: "));
    add_good(test, "x");
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(export_to(&told, test->directory, "/dev/full"), RECEIVER_DISK_FULL);
    }
}

int main(void) {
    return tests_run();
}
