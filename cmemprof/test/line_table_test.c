// line_table_test.c: lines by address: every opcode, long sequences, damaged programs, and this program's own lines compared with libdw's.

#include "../../base/test/test.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "../line_table.h"
#include "line_program.h"

static void set_address(struct line_program *rows, uint64_t address) {
    PUT(rows, 0, 9, 2);
    put_number(rows, address, 8);
}

static void end_sequence(struct line_program *rows) {
    PUT(rows, 0, 1, 1);
}

static void check(struct line_table *table, uint64_t address, const char *path, int64_t line) {
    uint64_t file = 99;
    int64_t found = -1;
    assert_true(line_table_find(table, address, &file, &found));
    assert_int_equal(found, line);
    assert_string_equal(line_table_file(table, file), path);
}

static void check_nothing(struct line_table *table, uint64_t address) {
    uint64_t file;
    int64_t line;
    assert_false(line_table_find(table, address, &file, &line));
}

static void make_program(struct line_program *program, unsigned version) {
    struct line_program names = {0}, rows = {0};
    put_names(&names, version);
    set_address(&rows, 0); // dropped by the linker
    PUT(&rows, 1, 2, 0x80, 0x80, 4);
    end_sequence(&rows);
    set_address(&rows, 0x2000);
    PUT(&rows, 3, 9, 1);             // line 10, row at 0x2000
    PUT(&rows, 18 + 14 * 4 + 2);     // 4 bytes and 2 lines further: 0x2004, line 12
    PUT(&rows, 4, 2, 5, 7, 6, 7, 1); // file 2, column 7: the last row of an address is used
    PUT(&rows, 2, 4, 3, 0x7e, 1);    // 0x2008, line 10
    PUT(&rows, 8, 10, 11, 12, 5, 1); // const_add_pc: (255 - 13) / 14 = 17: 0x2019
    PUT(&rows, 9, 0x10, 0, 1);       // fixed: 0x2029
    PUT(&rows, 0, 2, 4, 1, 4, 3, 1); // a discriminator; file 3
    PUT(&rows, 2, 7);
    end_sequence(&rows); // 0x2030
    set_address(&rows, 0x1000);
    PUT(&rows, 1, 2, 8);
    end_sequence(&rows); // 0x1008
    put_program(program, version, &names, &rows);
}

TEST(every_opcode) {
    for (unsigned version = 2; version <= 5; version++) {
        struct line_program program = {0};
        make_program(&program, version);
        const struct line_sections sections = sections_of(&program);
        struct line_table *table = line_table_new(fresh_memory(), &sections, 0, "/src");
        assert_non_null(table);
        assert_true(line_table_needs_line(table)); // some names are in the program
        check_nothing(table, 0);
        check_nothing(table, 0xfff);
        check(table, 0x1000, "/src/a.c", 1);
        check(table, 0x1007, "/src/a.c", 1);
        check_nothing(table, 0x1008);
        check_nothing(table, 0x1fff);
        check(table, 0x2000, "/src/a.c", 10);
        check(table, 0x2003, "/src/a.c", 10);
        check(table, 0x2004, "lib/b.h", 12);
        check(table, 0x2008, "lib/b.h", 10);
        check(table, 0x2018, "lib/b.h", 10);
        check(table, 0x2019, "lib/b.h", 10);
        check(table, 0x2029, "/usr/c.h", 10);
        check(table, 0x202f, "/usr/c.h", 10);
        check_nothing(table, 0x2030);
        check_nothing(table, UINT64_MAX);
        assert_string_equal(line_table_file(table, 4), "");
    }
}

// On arm64 addresses advance by instructions of 4 bytes, but for what is fixed.
TEST(advances_are_of_instructions) {
    enum { MIN_INSTRUCTION_AT = 10 };
    struct line_program program = {0};
    make_program(&program, 4);
    program.bytes[MIN_INSTRUCTION_AT] = 4;
    const struct line_sections sections = sections_of(&program);
    struct line_table *table = line_table_new(fresh_memory(), &sections, 0, "/src");
    assert_non_null(table);
    check(table, 0x200f, "/src/a.c", 10);
    check(table, 0x2010, "lib/b.h", 12); // special: 4 times 4
    check(table, 0x201f, "lib/b.h", 12);
    check(table, 0x2020, "lib/b.h", 10);  // advance_pc
    check(table, 0x2063, "lib/b.h", 10);  // const_add_pc
    check(table, 0x2074, "/usr/c.h", 10); // fixed_advance_pc: 0x2064 + 0x10
    check(table, 0x208f, "/usr/c.h", 10);
    check_nothing(table, 0x2090);
}

TEST(long_sequence) {
    struct line_program program = {0}, names = {0}, rows = {0};
    put_names(&names, 5);
    set_address(&rows, 0x1000);
    for (int i = 0; i < 2000; i++) {
        PUT(&rows, 18 + 14 * 3 + 1); // 3 bytes, 1 line
    }
    PUT(&rows, 2, 3);
    end_sequence(&rows);
    put_program(&program, 5, &names, &rows);
    const struct line_sections sections = sections_of(&program);
    struct line_table *table = line_table_new(fresh_memory(), &sections, 0, "");
    check_nothing(table, 0x1002);
    for (uint64_t i = 0; i < 6000; i++) {
        check(table, 0x1003 + i, "/src/a.c", 2 + (int64_t)(i / 3));
    }
    check_nothing(table, 0x1003 + 6000);
}

static struct line_table *table_of(const struct line_program *rows, struct line_program *program) {
    struct line_program names = {0};
    put_names(&names, 4);
    put_program(program, 4, &names, rows);
    const struct line_sections sections = sections_of(program);
    return line_table_new(fresh_memory(), &sections, 0, "/src");
}

// An empty function shares the address of the next one, which may be written before it.
TEST(empty_sequence) {
    struct line_program program = {0}, rows = {0};
    set_address(&rows, 0x2000);
    PUT(&rows, 3, 9, 1, 2, 8); // line 10, 8 bytes
    end_sequence(&rows);
    set_address(&rows, 0x2000);
    PUT(&rows, 3, 19, 1, 3, 1, 1); // lines 20 and 21, no bytes
    end_sequence(&rows);
    struct line_table *table = table_of(&rows, &program);
    check(table, 0x2000, "/src/a.c", 10);
    check(table, 0x2007, "/src/a.c", 10);
    check_nothing(table, 0x2008);
}

// At 0, or at the highest address, from which it wraps around into used addresses.
TEST(dropped_sequences) {
    for (int i = 0; i < 3; i++) {
        static const uint64_t dropped[] = {0, UINT64_MAX, UINT64_MAX - 1};
        struct line_program program = {0}, rows = {0};
        set_address(&rows, dropped[i]);
        PUT(&rows, 1);
        for (int row = 0; row < 1000; row++) {
            PUT(&rows, 18 + 14 * 15); // 15 bytes
        }
        end_sequence(&rows);
        set_address(&rows, 0x1000);
        PUT(&rows, 3, 9, 1, 2, 0x80, 0x40); // line 10, 8 KB
        end_sequence(&rows);
        struct line_table *table = table_of(&rows, &program);
        assert_non_null(table);
        check_nothing(table, 0xfff);
        for (uint64_t address = 0x1000; address < 0x3000; address += 5) {
            check(table, address, "/src/a.c", 10);
        }
        check_nothing(table, 0x3000);
    }
}

// A lookup would run through all of them and hit one of many rows.
TEST(rejects_unordered_rows) {
    struct line_program program = {0}, rows = {0};
    set_address(&rows, 0x2000);
    PUT(&rows, 1);
    set_address(&rows, 0x1000);
    PUT(&rows, 1, 2, 8);
    end_sequence(&rows);
    assert_null(table_of(&rows, &program));
    program = rows = (struct line_program){0};
    set_address(&rows, 0x2000);
    PUT(&rows, 1);
    set_address(&rows, 0x1000);
    end_sequence(&rows);
    assert_null(table_of(&rows, &program));
}

// A table or NULL; never a crash, an out-of-bounds read or an endless loop.
static void use(const struct line_program *program, size_t size) {
    uint8_t *exact = malloc(size + (size == 0)); // exact size, so that a sanitizer sees reads past it
    memcpy(exact, program->bytes, size);
    const struct line_sections sections = {.line = {exact, size}, .line_str = {(const uint8_t *)line_texts, sizeof line_texts}};
    // A new one now and then: how much it may take is read from files, which takes longer than all else.
    static struct symbolizer_arena *memory;
    static unsigned uses;
    memory = uses++ % 100 == 0 ? fresh_memory() : memory;
    struct line_table *table = line_table_new(memory, &sections, 0, "/src");
    uint64_t file = 0;
    int64_t line;
    for (uint64_t address = 0x1000; table && address < 0x2100; address += 5) {
        line_table_find(table, address, &file, &line);
        line_table_file(table, file);
    }
    free(exact);
}

TEST(damaged_programs) {
    for (unsigned version = 4; version <= 5; version++) {
        struct line_program program = {0};
        make_program(&program, version);
        for (size_t size = 0; size < program.size; size++) {
            use(&program, size);
        }
        for (size_t at = 0; at < program.size; at++) {
            uint8_t before = program.bytes[at];
            for (unsigned value = 0; value < 256; value += 3) {
                program.bytes[at] = (uint8_t)value;
                use(&program, program.size);
            }
            program.bytes[at] = before;
        }
    }
}

// ---- Compared with libdw ----

static struct line_section section_of(Elf *elf, const char *wanted) {
    size_t names;
    GElf_Shdr header;
    assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        if (gelf_getshdr(section, &header) && strcmp(elf_strptr(elf, names, header.sh_name), wanted) == 0) {
            Elf_Data *data = elf_rawdata(section, NULL);
            return (struct line_section){data->d_buf, data->d_size};
        }
    }
    return (struct line_section){0};
}

static size_t compare_unit(const struct line_sections *sections, Dwarf_Die *unit) {
    Dwarf_Attribute attribute;
    Dwarf_Word offset;
    Dwarf_Lines *lines;
    size_t count, compared = 0;
    if (dwarf_formudata(dwarf_attr(unit, DW_AT_stmt_list, &attribute), &offset) != 0 || dwarf_getsrclines(unit, &lines, &count) != 0) {
        return 0;
    }
    struct line_table *table =
        line_table_new(fresh_memory(), sections, offset, dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute)));
    assert_non_null(table);
    for (size_t i = 0; i < count; i++) {
        Dwarf_Addr address;
        int line;
        assert_int_equal(dwarf_lineaddr(dwarf_onesrcline(lines, i), &address), 0);
        Dwarf_Line *found = dwarf_getsrc_die(unit, address);
        if (!found || dwarf_haspc(unit, address) != 1) { // libdw also finds a row where its sequence ends, behind the unit's code
            check_nothing(table, address);
        } else {
            assert_int_equal(dwarf_lineno(found, &line), 0);
            check(table, address, dwarf_linesrc(found, NULL, NULL), line);
            compared++;
        }
    }
    return compared;
}

TEST(same_as_libdw) {
    elf_version(EV_CURRENT);
    int file = open("/proc/self/exe", O_RDONLY);
    Elf *elf = elf_begin(file, ELF_C_READ_MMAP, NULL);
    Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    const struct line_sections sections = {section_of(elf, ".debug_line"), section_of(elf, ".debug_line_str"),
                                           section_of(elf, ".debug_str")};
    Dwarf_CU *cu = NULL;
    Dwarf_Die unit;
    size_t compared = 0;
    while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0) {
        compared += compare_unit(&sections, &unit);
    }
    print_message("%zu lines compared\n", compared);
    assert_true(compared > 1000);
    dwarf_end(dwarf);
    elf_end(elf);
    close(file);
}

int main(void) {
    return tests_run();
}
