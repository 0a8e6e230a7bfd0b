// symbol_file_test.c: build ID and code segments of ELF files; other files are refused.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

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

// Section headers that all name the same notes, and after them one with the build ID.
static bool finds_build_id_after(size_t sections) {
    enum { ID_AT = 64, NOTES_AT = 4096, NOTES_BYTES = 64 << 10 };
    static const struct {
        Elf64_Nhdr head;
        char name[4];
        uint8_t id[4];
    } note = {{4, 4, NT_GNU_BUILD_ID}, "GNU", {0xab, 1, 2, 3}};
    const Elf64_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                             .e_shoff = NOTES_AT + NOTES_BYTES,
                             .e_shentsize = sizeof(Elf64_Shdr),
                             .e_shnum = (Elf64_Half)(sections + 1)};
    char path[FOLDER_BYTES + 16];
    struct symbol_file file;
    snprintf(path, sizeof path, "%s/notes", folder);
    int to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(to >= 0 && pwrite(to, &head, sizeof head, 0) == sizeof head && pwrite(to, &note, sizeof note, ID_AT) == sizeof note);
    for (size_t i = 0; i <= sections; i++) {
        const Elf64_Shdr section = {
            .sh_type = SHT_NOTE, .sh_offset = i == sections ? ID_AT : NOTES_AT, .sh_size = i == sections ? sizeof note : NOTES_BYTES};
        assert_int_equal(pwrite(to, &section, sizeof section, (off_t)(head.e_shoff + i * sizeof section)), sizeof section);
    }
    close(to);
    assert_true(symbol_file_read(path, &file));
    return strcmp(file.build_id, "ab010203") == 0;
}

TEST_IN(folder, notes_are_bounded) {
    assert_true(finds_build_id_after(0));
    assert_true(finds_build_id_after(15));
    assert_false(finds_build_id_after(16));
    assert_false(finds_build_id_after(1000));
}

// Profiles of strangers have paths; who only opens a terminal, a tape or a watchdog changes something.
TEST_IN(folder, only_regular_files_are_opened) {
    char path[FOLDER_BYTES + 16];
    struct symbol_file file;
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0 && writer >= 0 && close(reader) == 0);
    assert_int_equal(symbol_file_open(path), -1);
    assert_false(symbol_file_read(path, &file) || symbol_file_has_code(path));
    close(writer);
    assert_int_equal(symbol_file_open("/dev/null"), -1);
    assert_int_equal(symbol_file_open(folder), -1);
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
