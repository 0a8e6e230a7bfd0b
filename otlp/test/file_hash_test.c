// file_hash_test.c: hashes of files of all sizes around a page, of what has changed, and what is no file. Wanted values are of
// Python's hashlib, of files of bytes 'x'.

#include "../../base/test/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../file_hash.h"

static char path[] = "/tmp/file_hash_XXXXXX";

static void fill(size_t size) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    char *bytes = malloc(size + 1);
    memset(bytes, 'x', size);
    assert_int_equal(write(fd, bytes, size), size);
    free(bytes);
    close(fd);
}

static int file_setup(void **state) {
    (void)state;
    memset(path + sizeof path - 7, 'X', 6);
    close(mkstemp(path));
    return 0;
}
static int file_teardown(void **state) {
    (void)state;
    return unlink(path);
}

TEST_IN(file, hashes) {
    (void)state;
    static const struct {
        size_t size;
        const char *hash;
    } cases[] = {{0, "af5570f5a1810b7af78caf4bc70a660f"},     {1, "8584608cf9ee5e47d9ff877f0339cce1"},
                 {4095, "6ef839b3ed1f0b47bc687c238ff2ba14"},  {4096, "267bf4ca9bb064fa8ca4b28e4b7ed4a8"},
                 {4097, "321bd5061370447d9318c4caef574368"},  {8191, "a5db55f0fec125bced6869e884eb43ed"},
                 {8192, "54ff038b359b804a9105e730e356bbc8"},  {8193, "4a0f168ae266289a6588ca691c2ad4cc"},
                 {100000, "3464334d5b5eab710eb63fbec4c6a79e"}};
    char text[FILE_HASH_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill(cases[i].size);
        for (int time = 0; time < 2; time++) { // the second one is known
            assert_true(file_hash(path, INT64_MAX, text));
            assert_string_equal(text, cases[i].hash);
        }
    }
}

TEST_IN(file, what_has_changed_since_is_not_hashed) {
    (void)state;
    char text[FILE_HASH_TEXT_BYTES];
    struct stat status;
    fill(10);
    stat(path, &status);
    int64_t changed_ns = (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec;
    assert_true(file_hash(path, changed_ns, text));
    assert_false(file_hash(path, changed_ns - 1, text)); // although it is known
}

TEST(what_is_no_file_is_not_hashed) {
    char text[FILE_HASH_TEXT_BYTES];
    assert_false(file_hash("", INT64_MAX, text));
    assert_false(file_hash("[vdso]", INT64_MAX, text));
    assert_false(file_hash("relative", INT64_MAX, text));
    assert_false(file_hash("/", INT64_MAX, text));
    assert_false(file_hash("/dev/zero", INT64_MAX, text));
    assert_false(file_hash("/none/such", INT64_MAX, text));
}

int main(void) {
    return tests_run();
}
