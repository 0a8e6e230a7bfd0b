// line_table_header_test.c: names and paths of DWARF 2 to 5, and what is rejected.

#include "../../base/test/test.h"

#include "../line_table_header.h"
#include "line_program.h"

TEST(names_of_all_versions) {
    for (unsigned version = 2; version <= 5; version++) {
        struct line_program program = {0}, names = {0}, rows = {0};
        struct line_header header;
        put_names(&names, version);
        PUT(&rows, 1, 2, 3);
        PUT(&program, 0xaa); // the end of another unit
        put_program(&program, version, &names, &rows);
        const struct line_sections sections = sections_of(&program);
        assert_true(line_header_read(&header, fresh_memory(), &sections, 1, "/src"));
        assert_int_equal(header.version, version);
        assert_int_equal(header.special[0].line, -5);
        assert_int_equal(header.program.end - header.program.at, 3);
        assert_int_equal(header.file_count, 4);
        static const char *const paths[] = {"", "/src/a.c", "lib/b.h", "/usr/c.h"};
        for (uint64_t i = 0; i < 4; i++) {
            const char *path = line_header_path(&header, header.memory, i);
            assert_string_equal(path, i == 0 && version == 5 ? paths[1] : paths[i]);
        }
    }
}

TEST(rejects_unknown_versions) {
    struct line_program program = {0}, names = {0}, rows = {0};
    struct line_header header;
    put_names(&names, 4);
    put_program(&program, 4, &names, &rows);
    const struct line_sections sections = sections_of(&program);
    assert_false(line_header_read(&header, fresh_memory(), &sections, program.size, ""));
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{4, 1},  {4, 6},  {10, 0}, {10, 5},
                   {11, 2}, {14, 0}, {15, 0}}; // version, min_inst_length, max_ops, line_range, opcode_base
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        uint8_t before = program.bytes[changes[i].at];
        program.bytes[changes[i].at] = changes[i].value;
        assert_false(line_header_read(&header, fresh_memory(), &sections, 0, ""));
        program.bytes[changes[i].at] = before;
        assert_true(line_header_read(&header, fresh_memory(), &sections, 0, ""));
    }
}

// 100,000 names within a 16 MB string: 1.6 TB if each were scanned, and each path as long.
TEST(long_strings) {
    enum { TEXT_BYTES = 16 << 20, ENTRIES = 100000 };
    char *text = malloc(TEXT_BYTES);
    memset(text, 'a', TEXT_BYTES);
    text[TEXT_BYTES - 1] = '\0';
    struct line_program start = {0}, names = {0}, rows = {0};
    PUT(&names, 0, 0, 1, 1, 0x1f, 0xa0, 0x8d, 6); // no directories; path: line_strp; 100,000 files
    put_program(&start, 5, &names, &rows);
    uint8_t *bytes = calloc(1, start.size + 4 * ENTRIES);
    memcpy(bytes, start.bytes, start.size);
    memcpy(bytes, &(uint32_t){(uint32_t)start.size - 4 + 4 * ENTRIES}, 4);
    memcpy(bytes + 8, &(uint32_t){(uint32_t)start.size - 12 + 4 * ENTRIES}, 4);
    struct line_sections sections = {.line = {bytes, start.size + 4 * ENTRIES}, .line_str = {(uint8_t *)text, TEXT_BYTES}};
    struct line_header header;
    assert_true(line_header_read(&header, fresh_memory(), &sections, 0, "/src"));
    assert_int_equal(header.file_count, ENTRIES);
    const char *path = line_header_path(&header, header.memory, 1);
    assert_int_equal(strlen(path), 4096);
    text[TEXT_BYTES - 1] = 'a'; // unterminated
    assert_false(line_header_read(&header, fresh_memory(), &sections, 0, "/src"));
    free(bytes);
    free(text);
}

int main(void) {
    return tests_run();
}
