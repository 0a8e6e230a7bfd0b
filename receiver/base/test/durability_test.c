// durability_test.c: file systems with and without a journal, by a fake sysfs.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../test/http.h"

#include "../durability.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void make(const char *root, const char *path) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    assert_int_equal(mkdir(whole, 0700), 0);
}

static void write_task(const char *root, const char *path, const char *content) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void link_device(const char *root, const char *number, const char *target) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s/dev/block/%s", root, number);
    assert_int_equal(symlink(target, whole), 0);
}

TEST_IN(folder, types) {
    static const char *const directories[] = {"dev", "dev/block", "fs", "fs/ext4", "fs/ext4/sda1", "fs/ext4/sda2"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        make(folder, directories[i]);
    }
    write_task(folder, "fs/ext4/sda1/journal_task", "85\n");
    write_task(folder, "fs/ext4/sda2/journal_task", "<none>\n");
    link_device(folder, "8:1", "../../devices/pci0000:00/block/sda/sda1");
    link_device(folder, "8:2", "../../devices/pci0000:00/block/sda/sda2");
    link_device(folder, "8:3", "sda1");
    assert_int_equal(durability_of_device(EXT4_SUPER_MAGIC, makedev(8, 1), folder), DURABILITY_JOURNAL);
    assert_int_equal(durability_of_device(EXT4_SUPER_MAGIC, makedev(8, 3), folder), DURABILITY_JOURNAL);
    assert_int_equal(durability_of_device(EXT4_SUPER_MAGIC, makedev(8, 2), folder), DURABILITY_SYNCFS); // made without one
    assert_int_equal(durability_of_device(EXT4_SUPER_MAGIC, makedev(8, 4), folder), DURABILITY_SYNCFS); // unknown here
    assert_int_equal(durability_of_device(EXT4_SUPER_MAGIC, makedev(8, 1), "/nowhere"), DURABILITY_SYNCFS);
    assert_int_equal(durability_of_device(XFS_SUPER_MAGIC, makedev(8, 4), folder), DURABILITY_JOURNAL);
    assert_int_equal(durability_of_device(TMPFS_MAGIC, makedev(8, 1), folder), DURABILITY_EACH_FILE);
}

int main(void) {
    return tests_run();
}
