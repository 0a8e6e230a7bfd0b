// debug_files_test.c: separate debug files by name and checksum; files of another build, and names that lead elsewhere.

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../debug_files.h"
#include "elf_writer.h"

static char program[80], debug[80];
static struct symbolizer_arena memory;

static int files_setup(void **state) {
    int status = folder_setup(state);
    snprintf(program, sizeof program, "%s/program", folder);
    snprintf(debug, sizeof debug, "%s/program.debug", folder);
    symbolizer_arena_open(&memory);
    return status;
}

static int files_teardown(void **state) {
    symbolizer_arena_close(&memory);
    return folder_teardown(state);
}

static void write_file(const char *path, struct elf_writer *writer) {
    FILE *file = fopen(path, "wb");
    elf_writer_finish(writer);
    assert_int_equal(fwrite(writer->bytes, 1, writer->size, file), writer->size);
    fclose(file);
    free(writer->bytes);
}

// CRC-32 as in gzip, bit by bit.
static uint32_t checksum(const char *path) {
    FILE *file = fopen(path, "rb");
    uint32_t sum = UINT32_MAX;
    for (int c; (c = getc(file)) != EOF;) {
        sum ^= (uint32_t)c;
        for (int i = 0; i < 8; i++) {
            sum = (sum & 1) != 0 ? sum >> 1 ^ 0xedb88320 : sum >> 1;
        }
    }
    fclose(file);
    return ~sum;
}

static void add_id(struct elf_writer *writer, uint8_t last) {
    const uint8_t note[] = {4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xca, 0xfe, 0x01, last};
    elf_writer_add(writer, ".note.gnu.build-id", SHT_NOTE, note, sizeof note);
}

static void add_link(struct elf_writer *writer, const char *name, uint32_t sum) {
    uint8_t link[64] = {0};
    size_t size = (strlen(name) + 4) & ~(size_t)3;
    memcpy(link, name, strlen(name));
    memcpy(link + size, &sum, 4);
    elf_writer_add(writer, ".gnu_debuglink", SHT_PROGBITS, link, size + 4);
}

static bool opens(void) {
    struct elf_file file, found = {0};
    assert_true(elf_file_open(&file, program, &memory));
    bool opened = debug_files_open(&found, &file, program);
    elf_file_close(&found);
    elf_file_close(&file);
    return opened;
}

TEST_IN(files, by_name_and_checksum) {
    struct elf_writer writer = elf_writer_new();
    elf_writer_add(&writer, ".debug_str", SHT_PROGBITS, "of this build", 14);
    write_file(debug, &writer);
    uint32_t sum = checksum(debug);
    for (int change = 0; change < 2; change++) {
        writer = elf_writer_new();
        add_link(&writer, "program.debug", sum + (uint32_t)change);
        write_file(program, &writer);
        assert_int_equal(opens(), change == 0);
    }
}

TEST_IN(files, by_name_and_build_id) {
    for (uint8_t other = 0; other < 2; other++) {
        struct elf_writer writer = elf_writer_new();
        add_id(&writer, other);
        write_file(debug, &writer);
        writer = elf_writer_new();
        add_id(&writer, 0);
        add_link(&writer, "program.debug", 0);
        write_file(program, &writer);
        assert_int_equal(opens(), other == 0);
    }
}

TEST_IN(files, wrong_files_are_rejected) {
    static const char *const names[] = {"", "../program.debug", "/etc/passwd", "program", "missing.debug"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct elf_writer writer = elf_writer_new();
        add_link(&writer, names[i], 0);
        write_file(program, &writer);
        assert_false(opens());
    }
}

TEST_IN(files, dwz_files_by_name_and_id) {
    for (uint8_t other = 0; other < 2; other++) {
        struct elf_writer writer = elf_writer_new();
        add_id(&writer, other);
        write_file(debug, &writer);
        writer = elf_writer_new();
        elf_writer_add(&writer, ".gnu_debugaltlink", SHT_PROGBITS, "program.debug\0\xca\xfe\x01\0", 18);
        write_file(program, &writer);
        struct elf_file file, found = {0};
        assert_true(elf_file_open(&file, program, &memory));
        assert_int_equal(debug_files_open_supplementary(&found, &file, program), other == 0);
        elf_file_close(&found);
        elf_file_close(&file);
    }
}

int main(void) {
    return tests_run();
}
