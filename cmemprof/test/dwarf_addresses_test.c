// dwarf_addresses_test.c: the unit of an address, with a table of addresses, without one, and with a damaged one.

#include "../../base/test/test.h"

#include "../dwarf_addresses.h"
#include "../dwarf_die.h"
#include "../dwarf_names.h"
#include "elf_writer.h"
#include "own_debug.h"

static void check(bool with_table) {
    static struct own_debug own;
    assert_true(own_debug_open(&own));
    own.addresses.read_table = !with_table; // as if it were empty
    struct dwarf_unit *here = own_debug_unit(&own, (uintptr_t)check);
    assert_non_null(here);
    struct dwarf_die root;
    struct dwarf_value name;
    assert_true(dwarf_die_root(here, &root) && dwarf_die_attribute(&root, DW_AT_name, &name));
    assert_non_null(strstr(dwarf_value_text(&name), "dwarf_addresses_test.c"));
    struct dwarf_unit *there = own_debug_unit(&own, (uintptr_t)dwarf_uleb);
    assert_true(there && there != here);
    assert_int_equal(own.addresses.read_units, !with_table);
    assert_null(dwarf_addresses_find(&own.addresses, 1));
    assert_null(dwarf_addresses_find(&own.addresses, UINT64_MAX));
    assert_true(own.addresses.read_units); // an address missing from the table may be in a unit
    own_debug_close(&own);
}

TEST(in_the_table) {
    check(true);
}

TEST(in_the_units) {
    check(false);
}

TEST(damaged_tables) {
    uint8_t table[] = {44, 0, 0, 0, 2, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0,
                       8,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0};
    for (size_t at = 0; at < sizeof table; at++) {
        for (unsigned value = 0; value < 256; value += 5) {
            uint8_t before = table[at];
            table[at] = (uint8_t)value;
            struct elf_writer writer = elf_writer_new();
            elf_writer_add(&writer, ".debug_aranges", SHT_PROGBITS, table, sizeof table);
            elf_writer_finish(&writer);
            struct symbolizer_arena memory;
            struct elf_file elf;
            static struct dwarf_file file;
            symbolizer_arena_open(&memory);
            assert_true(elf_file_use(&elf, writer.bytes, writer.size, &memory));
            dwarf_file_open(&file, &elf);
            struct dwarf_addresses addresses = {.file = &file};
            assert_null(dwarf_addresses_find(&addresses, 0x1000)); // no units
            symbolizer_arena_close(&memory);
            free(writer.bytes);
            table[at] = before;
        }
    }
}

int main(void) {
    return tests_run();
}
