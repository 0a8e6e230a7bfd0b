// spool_list_test.c: names sort by number, other files are ignored, sizes are in blocks.

#include "../../base/test/test.h"

#include "../spool_list.h"
#include "batches.h"

#include <fcntl.h>
#include <sys/stat.h>

static void make_file(const char *name, off_t size) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

TEST_IN(folder, lists_its_own_files_only) {
    char names[3][UPLOAD_SPOOL_NAME_BYTES], path[200];
    static const uint64_t numbers[] = {0x10, 2, UINT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        spool_list_name(names[i], numbers[i], 7 - i, SPOOL_WHOLE);
        make_file(names[i], 5000);
    }
    spool_list_name(path, 1, 1, SPOOL_HALF);
    make_file(path, 1);
    static const char *const others[] = {"readme", "0000000000000001-0000000000000001.batch.bak", "1-2.batch",
                                         "000000000000000A-0000000000000001.batch", "0000000000000001x0000000000000001.batch"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        make_file(others[i], 1);
    }
    snprintf(path, sizeof path, "%s/0000000000000003-0000000000000001.batch", folder);
    assert_int_equal(mkdir(path, 0700), 0); // a directory with a batch's name
    int directory = open(folder, O_RDONLY | O_DIRECTORY);
    struct spool_list list;
    for (int twice = 0; twice < 2; twice++) {
        assert_true(spool_list_read(&list, directory, SPOOL_WHOLE, ""));
        assert_false(list.more);
        assert_int_equal(list.count, 3);
        assert_string_equal(list.files[0].name, names[1]);
        assert_string_equal(list.files[1].name, names[0]);
        assert_string_equal(list.files[2].name, names[2]);
        assert_true(list.last_number == UINT64_MAX);
        assert_int_equal(list.disk_bytes, 3 * 8192);
        spool_list_free(&list);
    }
    assert_true(spool_list_read(&list, directory, SPOOL_HALF, ""));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.disk_bytes, 4096);
    spool_list_free(&list);
    close(directory);
    assert_false(spool_list_read(&list, directory, SPOOL_WHOLE, ""));
}

// A list is bounded, whatever the number of files; its totals cover the whole directory.
TEST_IN(folder, list_is_a_window) {
    enum { FILES = 5 * SPOOL_LIST_FILES + 7 };
    char name[UPLOAD_SPOOL_NAME_BYTES], after[UPLOAD_SPOOL_NAME_BYTES] = "";
    for (uint64_t i = 0; i < FILES; i++) {
        spool_list_name(name, 1 + i * 3797 % FILES, 1, SPOOL_WHOLE); // unordered: 3797 is coprime to FILES
        make_file(name, 1);
    }
    int directory = open(folder, O_RDONLY | O_DIRECTORY);
    struct spool_list list;
    for (uint64_t seen = 0; seen < FILES;) {
        assert_true(spool_list_read(&list, directory, SPOOL_WHOLE, after));
        assert_int_equal(list.count, FILES - seen < SPOOL_LIST_FILES ? FILES - seen : SPOOL_LIST_FILES);
        assert_true(list.capacity <= 2 * SPOOL_LIST_FILES);
        assert_int_equal(list.disk_bytes, FILES * 4096);
        assert_int_equal(list.last_number, FILES);
        assert_int_equal(list.more, seen + list.count < FILES);
        for (size_t i = 0; i < list.count; i++) {
            spool_list_name(name, ++seen, 1, SPOOL_WHOLE);
            assert_string_equal(list.files[i].name, name);
        }
        strcpy(after, name);
        spool_list_free(&list);
    }
    close(directory);
}

TEST(disk_bytes) {
    assert_int_equal(spool_list_disk_bytes(0), 4096);
    assert_int_equal(spool_list_disk_bytes(1), 4096);
    assert_int_equal(spool_list_disk_bytes(4096), 4096);
    assert_int_equal(spool_list_disk_bytes(4097), 8192);
}

int main(void) {
    return tests_run();
}
