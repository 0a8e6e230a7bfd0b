// backup_export_test.c: what an export writes, beside an open store, and what it says of damage.

#include "../../../base/test/test.h"

#include "backup_scene.h"

#include <dlfcn.h>
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
    assert_true(told.backup.annotations == 0 && told.backup.views == 0);
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

// While it is exported, the directory of an upload is renamed and loses a file, as by retention and the packer.
static int64_t moves; // of this one; 0: of none
static struct store *moved_in;
DIR *fdopendir(int file) { // in place of libc's
    char link[64], path[256], below[24], ending[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    snprintf(ending, sizeof ending, "/uploads/%d", (int)moves);
    ssize_t size = moves ? readlink(link, path, sizeof path - 1) : -1;
    path[size > 0 ? size : 0] = '\0';
    if (size > (ssize_t)strlen(ending) && strcmp(path + size - strlen(ending), ending) == 0) {
        assert_true(store_move_out(moved_in, moves, below));
        unlinkat(file, "0-a.pprof", 0);
        moves = 0;
    }
    DIR *(*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fdopendir");
    return real(file);
}

TEST_IN(store, moved_meanwhile) {
    struct test_store *test = *state;
    struct told told;
    char path[200], command[500];
    add_six(test);
    moved_in = test->store;
    snprintf(path, sizeof path, "%s/all.tar", test->directory);
    // Retention: it is gone, and nothing of it is in the file.
    moves = 5;
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_OK);
    assert_int_equal(moves, 0);
    assert_string_equal(told.said, "");
    assert_true(told.backup.uploads == 4 && told.backup.gone == 1);
    snprintf(command, sizeof command, "! tar tf %s | grep -q uploads/5/", path);
    assert_int_equal(system(command), 0);
    // The packer: it is in the pack.
    snprintf(command, sizeof command, "cd %s/uploads && mkdir 1 && cp 6/event.json 1", test->directory);
    assert_int_equal(system(command), 0);
    moves = 1;
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_OK);
    assert_int_equal(moves, 0);
    assert_true(told.backup.uploads == 4 && told.backup.gone == 0);
    snprintf(command, sizeof command, "tar tf %s | grep -q uploads/1/0-a.pprof", path);
    assert_int_equal(system(command), 0);
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
