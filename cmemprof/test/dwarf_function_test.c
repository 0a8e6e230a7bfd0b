// dwarf_function_test.c: qualified names, through instances, definitions and declarations.

#include "../../base/test/test.h"

#include "../dwarf_function.h"
#include "../dwarf_names.h"
#include "elf_writer.h"

// 1: unit with a language; 2: named namespace; 3: unnamed namespace; 4: class; 5: declared function; 6: its definition, with code, which
// contains 7: a class, which contains 8: a function with code; 9: an instance of an entry; 10: function with a linkage name.
static const uint8_t abbrev[] = {1,
                                 DW_TAG_compile_unit,
                                 1,
                                 DW_AT_language,
                                 DW_FORM_data1,
                                 0,
                                 0, //
                                 2,
                                 DW_TAG_namespace,
                                 1,
                                 DW_AT_name,
                                 DW_FORM_string,
                                 0,
                                 0, //
                                 3,
                                 DW_TAG_namespace,
                                 1,
                                 0,
                                 0, //
                                 4,
                                 DW_TAG_class_type,
                                 1,
                                 DW_AT_name,
                                 DW_FORM_string,
                                 0,
                                 0, //
                                 5,
                                 DW_TAG_subprogram,
                                 0,
                                 DW_AT_name,
                                 DW_FORM_string,
                                 DW_AT_decl_line,
                                 DW_FORM_data1,
                                 0,
                                 0, //
                                 6,
                                 DW_TAG_subprogram,
                                 1,
                                 DW_AT_specification,
                                 DW_FORM_ref4,
                                 DW_AT_low_pc,
                                 DW_FORM_addr,
                                 DW_AT_high_pc,
                                 DW_FORM_data1,
                                 0,
                                 0, //
                                 9,
                                 DW_TAG_subprogram,
                                 0,
                                 DW_AT_abstract_origin,
                                 DW_FORM_ref4,
                                 0,
                                 0, //
                                 10,
                                 DW_TAG_subprogram,
                                 0,
                                 DW_AT_name,
                                 DW_FORM_string,
                                 DW_AT_linkage_name,
                                 DW_FORM_string,
                                 0,
                                 0, //
                                 0};

struct unit {
    uint8_t bytes[512];
    size_t size;
};

static size_t add(struct unit *unit, const void *bytes, size_t size) {
    size_t at = unit->size;
    memcpy(unit->bytes + at, bytes, size);
    unit->size += size;
    return at;
}

#define ADD(unit, ...) add(unit, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define ADD_TEXT(unit, text) add(unit, text, sizeof(text))

// Offsets of the functions, by expected name.
struct entries {
    size_t put, put_code, put_instance, local, hidden, plain, linked;
};

static void make_unit(struct unit *unit, uint8_t language, struct entries *entries) {
    *unit = (struct unit){0};
    ADD(unit, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1, language);
    ADD(unit, 2);
    ADD_TEXT(unit, "engine");
    ADD(unit, 4);
    ADD_TEXT(unit, "Cache");
    entries->put = ADD(unit, 5);
    ADD_TEXT(unit, "put");
    ADD(unit, 33, 0, 0); // end of the class and of the namespace
    entries->put_code = ADD(unit, 6);
    add(unit, &(uint32_t){(uint32_t)entries->put}, 4);
    add(unit, &(uint64_t){0x1000}, 8);
    ADD(unit, 16, 4); // a class inside
    ADD_TEXT(unit, "Local");
    entries->local = ADD(unit, 5);
    ADD_TEXT(unit, "run");
    ADD(unit, 44, 0, 0);
    entries->put_instance = ADD(unit, 9);
    add(unit, &(uint32_t){(uint32_t)entries->put_code}, 4);
    ADD(unit, 3);
    entries->hidden = ADD(unit, 5);
    ADD_TEXT(unit, "hidden");
    ADD(unit, 55, 0);
    entries->plain = ADD(unit, 5);
    ADD_TEXT(unit, "plain");
    ADD(unit, 66);
    entries->linked = ADD(unit, 10);
    ADD_TEXT(unit, "f");
    ADD_TEXT(unit, "_Z1fv");
    ADD(unit, 0);
    memcpy(unit->bytes, &(uint32_t){(uint32_t)unit->size - 4}, 4);
}

static struct symbolizer_arena memory;
static struct elf_writer writer;
static struct dwarf_file file;

static struct dwarf_unit *open_unit(const struct unit *bytes) {
    static struct elf_file elf;
    writer = elf_writer_new();
    elf_writer_add(&writer, ".debug_abbrev", SHT_PROGBITS, abbrev, sizeof abbrev);
    elf_writer_add(&writer, ".debug_info", SHT_PROGBITS, bytes->bytes, bytes->size);
    elf_writer_finish(&writer);
    symbolizer_arena_open(&memory);
    assert_true(elf_file_use(&elf, writer.bytes, writer.size, &memory));
    dwarf_file_open(&file, &elf);
    struct dwarf_unit *unit = dwarf_unit_at(&file, 0);
    assert_non_null(unit);
    return unit;
}

static void close_unit(void) {
    symbolizer_arena_close(&memory);
    free(writer.bytes);
}

static void check(struct dwarf_unit *unit, size_t at, const char *name, const char *linkage, uint64_t line) {
    struct dwarf_die die;
    const uint8_t *next;
    assert_true(dwarf_die_read(unit, unit->begin + at, &die, &next));
    struct dwarf_function function = dwarf_function_of(&die);
    assert_string_equal(function.name, name);
    assert_string_equal(function.linkage, linkage);
    assert_int_equal(function.line, line);
}

TEST(names_are_qualified) {
    static const uint8_t languages[] = {0x04, 0x1a, 0x21, 0x1c}; // C++, C++11, C++14, Rust
    for (size_t i = 0; i < sizeof languages; i++) {
        struct unit bytes;
        struct entries at;
        make_unit(&bytes, languages[i], &at);
        struct dwarf_unit *unit = open_unit(&bytes);
        check(unit, at.put, "engine::Cache::put", "", 33);
        check(unit, at.put_code, "engine::Cache::put", "", 33);
        check(unit, at.put_instance, "engine::Cache::put", "", 33);
        check(unit, at.local, "engine::Cache::put::Local::run", "", 44);
        check(unit, at.hidden, "(anonymous namespace)::hidden", "", 55);
        check(unit, at.plain, "plain", "", 66);
        check(unit, at.linked, "f", "_Z1fv", 0);
        close_unit();
    }
}

TEST(c_names_are_unqualified) {
    struct unit bytes;
    struct entries at;
    make_unit(&bytes, DW_LANG_C11, &at);
    struct dwarf_unit *unit = open_unit(&bytes);
    check(unit, at.put_code, "put", "", 33);
    check(unit, at.local, "run", "", 44);
    close_unit();
}

TEST(full_buffer_leaves_names_unqualified) {
    struct unit bytes;
    struct entries at;
    make_unit(&bytes, 0x04, &at);
    struct dwarf_unit *unit = open_unit(&bytes);
    file.names.used = sizeof file.names.bytes - 5;
    check(unit, at.put_code, "put", "", 33);
    file.names.used = 0;
    check(unit, at.put_code, "engine::Cache::put", "", 33);
    close_unit();
}

// An instance of itself, or of a missing entry.
TEST(broken_references) {
    for (uint32_t target = 0; target < 200; target++) {
        struct unit bytes;
        struct entries at;
        make_unit(&bytes, 0x04, &at);
        memcpy(bytes.bytes + at.put_instance + 1, &target, 4);
        memcpy(bytes.bytes + at.put_code + 1, &(uint32_t){(uint32_t)at.put_instance}, 4);
        struct dwarf_unit *unit = open_unit(&bytes);
        struct dwarf_die die;
        const uint8_t *next;
        assert_true(dwarf_die_read(unit, unit->begin + at.put_instance, &die, &next));
        dwarf_function_of(&die);
        close_unit();
    }
}

int main(void) {
    return tests_run();
}
