// line_table_fuzz.c: libFuzzer target for the reader of line number programs. The input is 8 bytes that give the length of .debug_line and
// the address to look up, then a .debug_line, then bytes that serve as both .debug_line_str and .debug_str. Each section is a heap block of
// exactly its size, so that AddressSanitizer sees any read outside of it. What the reader accepts is also given to libdw, in an ELF file of
// one unit: for a program of one sequence the lines must equal libdw's, and for several every line must be in libdw's list. `make
// fuzz-line-table` builds and runs it; line_table_seeds.c makes its seed inputs.

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../line_table.h"
#include "../test/elf_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// ---- An ELF file around the sections ----

static const uint8_t abbrev[] = {
    1, DW_TAG_compile_unit, DW_CHILDREN_no, DW_AT_stmt_list, DW_FORM_sec_offset, DW_AT_comp_dir, DW_FORM_string, 0, 0, 0};
// DWARF 4, whatever the program's version: length, version, abbreviation offset, address size; 1, stmt_list, comp_dir.
static const uint8_t info[] = {17, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0, '/', 's', 'r', 'c', 0};

static struct elf_writer wrap(const struct line_sections *sections) {
    struct elf_writer file = elf_writer_new();
    elf_writer_add(&file, ".debug_abbrev", SHT_PROGBITS, abbrev, sizeof abbrev);
    elf_writer_add(&file, ".debug_info", SHT_PROGBITS, info, sizeof info);
    elf_writer_add(&file, ".debug_line", SHT_PROGBITS, sections->line.bytes, sections->line.size);
    elf_writer_add(&file, ".debug_line_str", SHT_PROGBITS, sections->line_str.bytes, sections->line_str.size);
    elf_writer_add(&file, ".debug_str", SHT_PROGBITS, sections->str.bytes, sections->str.size);
    elf_writer_finish(&file);
    return file;
}

// ---- Compared with libdw ----

struct answer {
    bool found;
    int line; // libdw's are int
    const char *path;
};

static struct answer ours(struct line_table *table, uint64_t address) {
    uint64_t file;
    int64_t line;
    struct answer answer = {.found = line_table_find(table, address, &file, &line), .path = ""};
    if (answer.found) {
        answer.line = (int)line;
        answer.path = line_table_file(table, file);
    }
    return answer;
}

static struct answer of_line(Dwarf_Line *line) {
    struct answer answer = {.found = line, .path = ""};
    const char *path = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    if (path) {
        answer.path = path;
    }
    dwarf_lineno(line, &answer.line);
    return answer;
}

// For a missing file libdw has a placeholder, and it treats an empty directory as present.
static bool are_same(struct answer a, struct answer b) {
    return a.line == b.line && (strcmp(a.path, b.path) == 0 || a.path[0] == '\0' || strcmp(b.path, "???") == 0 || b.path[0] == '/');
}

static bool is_in(Dwarf_Lines *lines, size_t count, struct answer answer) {
    for (size_t i = 0; i < count; i++) {
        if (are_same(answer, of_line(dwarf_onesrcline(lines, i)))) {
            return true;
        }
    }
    return false;
}

static bool is_one_sequence(Dwarf_Lines *lines, size_t count) {
    size_t ends = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_end;
        dwarf_lineendsequence(dwarf_onesrcline(lines, i), &is_end);
        ends += is_end;
    }
    return ends == 1;
}

static void differ(uint64_t address, struct answer a, struct answer b) {
    fprintf(stderr, "%#lx: %d %s:%d, and libdw %d %s:%d\n", address, a.found, a.path, a.line, b.found, b.path, b.line);
    abort();
}

static void compare(struct line_table *table, Dwarf_Die *unit) {
    Dwarf_Lines *lines;
    size_t count;
    enum { MAX_LINES = 500 }; // each is searched in the list
    if (dwarf_getsrclines(unit, &lines, &count) != 0 || count == 0 || count > MAX_LINES) {
        return;
    }
    bool one = is_one_sequence(lines, count);
    Dwarf_Addr begin;
    dwarf_lineaddr(dwarf_onesrcline(lines, 0), &begin);
    for (size_t i = 0; i < count; i++) {
        Dwarf_Addr address;
        dwarf_lineaddr(dwarf_onesrcline(lines, i), &address);
        struct answer found = ours(table, address);
        struct answer wanted = of_line(dwarf_getsrc_die(unit, address));
        if (found.found && !is_in(lines, count, found)) {
            differ(address, found, wanted);
        }
        bool dropped = begin == 0; // libdw reports lines of code that the linker dropped
        if (one && !dropped && (found.found != wanted.found || (found.found && !are_same(found, wanted)))) {
            differ(address, found, wanted);
        }
    }
}

static void beside_libdw(struct line_table *table, const struct line_sections *sections) {
    struct elf_writer file = wrap(sections);
    Elf *elf = elf_memory((char *)file.bytes, file.size);
    Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    Dwarf_Die unit;
    if (dwarf_get_units(dwarf, NULL, &(Dwarf_CU *){NULL}, NULL, NULL, &unit, NULL) != 0) {
        abort();
    }
    compare(table, &unit);
    dwarf_end(dwarf);
    elf_end(elf);
    free(file.bytes);
}

static uint8_t *copy(const uint8_t *bytes, size_t size) {
    uint8_t *block = malloc(size);
    return memcpy(block, bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t words[2];
    if (size <= sizeof words) {
        return 0;
    }
    elf_version(EV_CURRENT);
    memcpy(words, data, sizeof words);
    data += sizeof words;
    size -= sizeof words;
    size_t line_bytes = words[0] < size ? words[0] : size;
    uint8_t *line = copy(data, line_bytes), *texts = copy(data + line_bytes, size - line_bytes);
    const struct line_section text_section = {texts, size - line_bytes};
    const struct line_sections sections = {{line, line_bytes}, text_section, text_section};
    struct symbolizer_arena memory = {.limit_bytes = SYMBOLIZER_ARENA_BYTES, .address_space_left = SIZE_MAX}; // without the system's limits
    struct line_table *table = line_table_new(&memory, &sections, 0, "/src");
    if (table) {
        ours(table, words[1]);
        for (uint64_t file = 0; file < 16; file++) {
            if (strlen(line_table_file(table, file)) > 2 * size + sizeof "/src/") {
                abort();
            }
        }
        beside_libdw(table, &sections);
    }
    symbolizer_arena_close(&memory);
    free(line);
    free(texts);
    return 0;
}
