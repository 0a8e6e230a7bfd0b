// dwarf_split_test.c: a skeleton's entries in a file with its ID, with another ID, and without a file. Compilers' output is compared in
// e2e/names.

#include "../../base/test/test.h"

#include <unistd.h>

#include "../dwarf_die.h"
#include "../dwarf_names.h"
#include "../dwarf_split.h"
#include "package_writer.h"

static char path[] = "/tmp/cmemprof-dwarf-split-XXXXXX";

// DWARF 5: a skeleton that names the file, and a split unit with a name.
static const uint8_t abbrev[] = {
    1, DW_TAG_skeleton_unit, 0, DW_AT_dwo_name, DW_FORM_string, 0, 0, 2, DW_TAG_compile_unit, 0, DW_AT_name, DW_FORM_string, 0, 0, 0};

static struct elf_writer write_unit(const char *suffix, uint8_t type, uint8_t id, uint8_t code, const char *text) {
    uint8_t info[128] = {0, 0, 0, 0, 5, 0, type, 8, 0, 0, 0, 0, id, 0, 0, 0, 0, 0, 0, 0, code};
    size_t size = 21 + strlen(text) + 1;
    memcpy(info + 21, text, strlen(text) + 1);
    info[0] = (uint8_t)(size - 4);
    char abbrev_name[32], info_name[32];
    snprintf(abbrev_name, sizeof abbrev_name, ".debug_abbrev%s", suffix);
    snprintf(info_name, sizeof info_name, ".debug_info%s", suffix);
    struct elf_writer writer = elf_writer_new();
    elf_writer_add(&writer, abbrev_name, SHT_PROGBITS, abbrev, sizeof abbrev);
    elf_writer_add(&writer, info_name, SHT_PROGBITS, info, size);
    elf_writer_finish(&writer);
    return writer;
}

static const char *name_of_unit(const char *program, const char *dwo_name) {
    static struct symbolizer_arena memory;
    static struct dwarf_file file;
    static char name[64];
    struct elf_writer writer = write_unit("", DW_UT_skeleton, 7, 1, dwo_name);
    struct elf_file elf;
    struct dwarf_split split = {.program = program, .build_id = ""};
    struct dwarf_die root;
    struct dwarf_value value;
    symbolizer_arena_open(&memory);
    assert_true(elf_file_use(&elf, writer.bytes, writer.size, &memory));
    dwarf_file_open(&file, &elf);
    struct dwarf_unit *skeleton = dwarf_unit_at(&file, 0), *unit;
    assert_non_null(skeleton);
    unit = dwarf_split_of(&split, skeleton);
    assert_ptr_equal(dwarf_split_of(&split, skeleton), unit);
    assert_true(unit == skeleton || unit->skeleton == skeleton);
    name[0] = '\0';
    if (unit != skeleton && dwarf_die_root(unit, &root) && dwarf_die_attribute(&root, DW_AT_name, &value)) {
        snprintf(name, sizeof name, "%s", dwarf_value_text(&value));
    }
    dwarf_split_close(&split);
    symbolizer_arena_close(&memory);
    free(writer.bytes);
    return name;
}

static void write_split(uint8_t id) {
    struct elf_writer writer = write_unit(".dwo", DW_UT_split_compile, id, 2, "split.c");
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(writer.bytes, 1, writer.size, file), writer.size);
    fclose(file);
    free(writer.bytes);
}

TEST(by_name_and_identity) {
    close(mkstemp(path));
    write_split(7);
    assert_string_equal(name_of_unit("/no/program", path), "split.c");
    char moved[128]; // the compiler's directory is gone; the file is next to the program
    snprintf(moved, sizeof moved, "/no/such/folder/%s", strrchr(path, '/') + 1);
    assert_string_equal(name_of_unit("/tmp/program", moved), "split.c");
    write_split(8);
    assert_string_equal(name_of_unit("/no/program", path), "");
    unlink(path);
    assert_string_equal(name_of_unit("/no/program", path), "");
    assert_string_equal(name_of_unit("program", ""), "");
}

// Next to the program, for all its units. Units that it lacks may be in files.
TEST(package_next_to_the_program) {
    static const char *const names[] = {"packaged.c", "other.c"};
    const uint64_t ids[2][2] = {{7, 8}, {9, 10}};
    char program[] = "/tmp/cmemprof-dwarf-program-XXXXXX", file[64];
    close(mkstemp(program));
    snprintf(file, sizeof file, "%s.dwp", program);
    for (int has = 1; has >= 0; has--) {
        struct package package = package_new(5, ids[!has], names, 2);
        package_write(&package, file, sizeof package.index);
        assert_string_equal(name_of_unit(program, "/no/such/file.dwo"), has ? "packaged.c" : "");
        write_split(7);
        assert_string_equal(name_of_unit(program, path), has ? "packaged.c" : "split.c");
        unlink(path);
    }
    unlink(file);
    assert_string_equal(name_of_unit(program, "/no/such/file.dwo"), "");
    unlink(program);
}

int main(void) {
    return tests_run();
}
