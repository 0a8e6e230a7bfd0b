// disk_reserve_test.c: the reserve takes room on the disk, and is given back once.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../disk_reserve.h"

TEST_IN(folder, kept_and_used) {
    struct stat about;
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_false(disk_reserve_use(directory));
    for (int i = 0; i < 2; i++) {
        disk_reserve_keep(directory);
        disk_reserve_keep(directory);
        if (fstatat(directory, DISK_RESERVE_NAME, &about, 0) != 0) {
            close(directory);
            skip(); // less than 16 MiB are free, or the file system cannot
        }
        assert_int_equal(about.st_size, DISK_RESERVE_BYTES);
        assert_true(about.st_blocks * 512 >= DISK_RESERVE_BYTES);
        assert_int_equal(about.st_mode & 07777, 0600);
        assert_true(disk_reserve_use(directory));
        assert_false(disk_reserve_use(directory));
    }
    close(directory);
}

int main(void) {
    return tests_run();
}
