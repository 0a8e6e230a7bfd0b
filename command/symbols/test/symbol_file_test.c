// symbol_file_test.c: build ID and code segments of ELF files; other files are refused.

#include "../../../base/test/test.h"

#include "../symbol_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(this_program) {
    struct symbol_file file;
    assert_true(symbol_file_read("/proc/self/exe", &file));
    assert_true(file.code_count >= 1);
    assert_true(file.code[0].memory_size > 0);
    assert_false(symbol_file_read("/proc/self/none", &file));
    assert_false(symbol_file_read("/proc/self/maps", &file));
    assert_false(symbol_file_read("/", &file));
}

TEST(mappings_begin_anywhere_in_the_segment) {
    const struct symbol_file exe = {.code = {{0x404010, 0x4010, 0x10000, 0x10000}}, .code_count = 1};
    uint64_t bias;
    assert_true(symbol_file_bias(&exe, 0x404000, 0x4000, &bias));
    assert_int_equal(bias, 0);
    assert_true(symbol_file_bias(&exe, 0x40a000, 0xa000, &bias)); // part of a segment, split by huge pages
    assert_int_equal(bias, 0);
    assert_false(symbol_file_bias(&exe, 0x404000, 0x3000, &bias));
    assert_false(symbol_file_bias(&exe, 0x404000, 0x40000, &bias));
    const struct symbol_file pie = {.code = {{0x1000, 0, 0, 0x5000}}, .code_count = 1}; // of a debug file
    assert_true(symbol_file_bias(&pie, 0x7f0000001000, 0x1000, &bias));
    assert_int_equal(bias, 0x7f0000000000);
    assert_false(symbol_file_bias(&(struct symbol_file){0}, 0x1000, 0, &bias));
}

// Headers that point anywhere are read only within the file.
TEST(damaged_files) {
    char path[] = "/tmp/symbol_file_test_XXXXXX";
    int descriptor = mkstemp(path), own = open("/proc/self/exe", O_RDONLY);
    uint8_t bytes[4096];
    assert_true(descriptor >= 0 && own >= 0 && read(own, bytes, sizeof bytes) == sizeof bytes);
    close(own);
    srandom(1);
    for (int i = 0; i < 2000; i++) {
        uint8_t damaged[sizeof bytes];
        struct symbol_file file;
        memcpy(damaged, bytes, sizeof bytes);
        for (int k = 0; k < 4; k++) {
            damaged[EI_NIDENT + random() % 600] = (uint8_t)random();
        }
        assert_int_equal(pwrite(descriptor, damaged, sizeof damaged, 0), sizeof damaged);
        assert_true(symbol_file_read(path, &file));
        assert_true(file.code_count <= SYMBOL_FILE_SEGMENTS && strlen(file.build_id) <= 2 * SYMBOL_FILE_BUILD_ID_BYTES);
    }
    close(descriptor);
    unlink(path);
}

int main(void) {
    return tests_run();
}
