// tar_test.c: headers that tar reads, and headers of tar.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../tar.h"

#include <fcntl.h>
#include <unistd.h>

TEST(there_and_back) {
    char blocks[2 * TAR_BLOCK], block[TAR_BLOCK], name[TAR_NAME_MAX + 1] = "";
    struct tar_entry entry;
    struct timespec time = {1767322845, 123456789}, read = {0};
    memset(name, 'n', TAR_NAME_MAX);
    tar_header(block, TAR_FILE, "uploads/7", name, 5000, 1767322845);
    assert_true(tar_read(block, &entry));
    assert_int_equal(strlen(entry.path), strlen("uploads/7/") + TAR_NAME_MAX);
    assert_int_equal(entry.size, 5000);
    assert_int_equal(entry.time, 1767322845);
    assert_int_equal(entry.type, TAR_FILE);
    assert_false(tar_is_end(block));
    for (size_t i = 0; i < TAR_BLOCK; i++) { // every byte counts, but those behind the sum
        if (i == 154 || i == 155) {
            continue;
        }
        block[i] ^= 1;
        assert_false(tar_read(block, &entry));
        block[i] ^= 1;
    }
    tar_time(blocks, &time);
    assert_true(tar_read(blocks, &entry));
    assert_int_equal(entry.type, TAR_PAX);
    assert_true(tar_read_time(blocks + TAR_BLOCK, entry.size, &read));
    assert_true(read.tv_sec == time.tv_sec && read.tv_nsec == time.tv_nsec);
    memset(block, 0, sizeof block);
    assert_true(tar_is_end(block));
    assert_false(tar_read(block, &entry));
}

TEST(times) {
    static const struct {
        const char *text;
        int64_t seconds; // -1: there is none
        long ns;
    } cases[] = {{"20 mtime=1234567890\n", 1234567890, 0},
                 {"22 mtime=1234567890.5\n", 1234567890, 500000000},
                 {"11 path=ab\n20 mtime=1234567890\n", 1234567890, 0},
                 {"", -1, 0},
                 {"20 mtime", -1, 0},
                 {"0 mtime=1\n", -1, 0},
                 {"99999999 mtime=1\n", -1, 0},
                 {"x", -1, 0},
                 {"11 path=ab\n", -1, 0},
                 {"10 mtime=\n", -1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct timespec time = {0};
        size_t size = strlen(cases[i].text);
        char *copy = malloc(size + 1); // a sanitizer sees what is read beyond it
        memcpy(copy, cases[i].text, size);
        assert_int_equal(tar_read_time(copy, size, &time), cases[i].seconds >= 0);
        assert_true(cases[i].seconds < 0 || (time.tv_sec == cases[i].seconds && time.tv_nsec == cases[i].ns));
        free(copy);
    }
}

int main(void) {
    return tests_run();
}
