// dwarf_unit_test.c: the program's own units are found by offset and by content; damaged headers are rejected.

#include "../../base/test/test.h"

#include "elf_writer.h"
#include "own_debug.h"

static struct own_debug own;

static int own_setup(void **state) {
    (void)state;
    return !own_debug_open(&own);
}

static int own_teardown(void **state) {
    (void)state;
    own_debug_close(&own);
    return 0;
}

TEST_IN(own, finds_units_by_offset) {
    size_t count;
    const struct dwarf_unit_range *unit_ranges = dwarf_unit_ranges(&own.dwarf, &count);
    assert_true(count > 3);
    for (size_t i = 0; i < count; i++) {
        struct dwarf_unit *unit = dwarf_unit_at(&own.dwarf, unit_ranges[i].begin);
        assert_non_null(unit);
        assert_ptr_equal(dwarf_unit_at(&own.dwarf, unit_ranges[i].begin), unit);
        assert_ptr_equal(dwarf_unit_containing(&own.dwarf, unit_ranges[i].begin + 20), unit);
        assert_ptr_equal(dwarf_unit_containing(&own.dwarf, unit_ranges[i].end - 1), unit);
        assert_true(unit->abbrev_count > 0 && dwarf_unit_abbrev(unit, 1));
        assert_null(dwarf_unit_abbrev(unit, 1000000));
        struct dwarf_unit *peeked = dwarf_unit_peek(&own.dwarf, unit_ranges[i].begin);
        assert_true(peeked && peeked->low_pc == unit->low_pc && peeked->line_offset == unit->line_offset);
    }
    assert_null(dwarf_unit_containing(&own.dwarf, unit_ranges[count - 1].end));
    assert_null(dwarf_unit_at(&own.dwarf, UINT64_MAX - 3));
}

// Of a section that is not compressed, their heads are read, and not the section.
TEST_IN(own, peeks_read_little) {
    size_t count, before = own.memory.used_bytes;
    const struct dwarf_unit_range *unit_ranges = dwarf_unit_ranges(&own.dwarf, &count);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(dwarf_unit_peek(&own.dwarf, unit_ranges[i].begin));
    }
    const struct dwarf_sections *sections = &own.dwarf.sections;
    assert_false(sections->info.is_compressed);
    assert_null(sections->info.bytes);
    assert_true(own.memory.used_bytes - before <= sections->abbrev.size + sections->info.size / 4);
}

TEST_IN(own, damaged_heads) {
    static const uint8_t abbrev[] = {1, 0x11, 0, 0, 0, 0};
    uint8_t info[] = {8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1};
    for (size_t at = 0; at < sizeof info; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t before = info[at];
            info[at] = (uint8_t)value;
            struct elf_writer writer = elf_writer_new();
            elf_writer_add(&writer, ".debug_abbrev", SHT_PROGBITS, abbrev, sizeof abbrev);
            elf_writer_add(&writer, ".debug_info", SHT_PROGBITS, info, sizeof info);
            elf_writer_finish(&writer);
            struct symbolizer_arena memory;
            struct elf_file elf;
            static struct dwarf_file file;
            symbolizer_arena_open(&memory);
            assert_true(elf_file_use(&elf, writer.bytes, writer.size, &memory));
            dwarf_file_open(&file, &elf);
            // Any other value means another version, length, abbreviation offset or entry.
            bool is_any_version = at == 4 && value >= 2 && value <= 4;
            assert_int_equal(!!dwarf_unit_at(&file, 0), value == before || is_any_version);
            symbolizer_arena_close(&memory);
            free(writer.bytes);
            info[at] = before;
        }
    }
}

int main(void) {
    return tests_run();
}
