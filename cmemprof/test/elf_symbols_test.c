// elf_symbols_test.c: which of several symbols is chosen for an address.

#include "../../base/test/test.h"

#include "../elf_symbols.h"
#include "elf_writer.h"

static void check(const Elf64_Sym *symbols, size_t count, const char *names, size_t names_size, uint64_t address, const char *wanted) {
    struct elf_writer writer = elf_writer_new();
    elf_writer_add(&writer, ".strtab", SHT_STRTAB, names, names_size);
    elf_writer_add(&writer, ".symtab", SHT_SYMTAB, symbols, count * sizeof *symbols);
    writer.headers[2].sh_entsize = sizeof *symbols;
    writer.headers[2].sh_link = 1;
    elf_writer_finish(&writer);
    struct symbolizer_arena memory;
    struct elf_file file;
    struct elf_symbols found;
    symbolizer_arena_open(&memory);
    assert_true(elf_file_use(&file, writer.bytes, writer.size, &memory));
    elf_symbols_read(&found, &file, SHT_SYMTAB);
    const char *name = elf_symbols_find(&found, address);
    assert_true(!name == !wanted);
    if (wanted) {
        assert_string_equal(name, wanted);
    }
    symbolizer_arena_close(&memory);
    free(writer.bytes);
}

static const char names[] = "\0__GI_getpid\0__getpid\0getpid\0assembly\0last\0object";
#define FUNCTION(bind, name, start, size)                                                                                                  \
    { name, ELF64_ST_INFO(bind, STT_FUNC), 0, 1, start, size }
static const Elf64_Sym symbols[] = {
    {0},
    FUNCTION(STB_LOCAL, 1, 0x1000, 16),
    FUNCTION(STB_GLOBAL, 13, 0x1000, 16),
    FUNCTION(STB_WEAK, 22, 0x1000, 16),
    FUNCTION(STB_GLOBAL, 29, 0x2000, 0),
    FUNCTION(STB_GLOBAL, 38, 0x3000, 32),
    {43, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x4000, 8},
};

TEST(aliases_and_sizes) {
    static const struct {
        uint64_t address;
        const char *name;
    } wanted[] = {{0xfff, NULL},        {0x1000, "getpid"}, {0x100f, "getpid"}, {0x1010, NULL}, {0x2000, "assembly"},
                  {0x2fff, "assembly"}, {0x3000, "last"},   {0x301f, "last"},   {0x3020, NULL}, {0x4000, NULL}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        check(symbols, sizeof symbols / sizeof *symbols, names, sizeof names, wanted[i].address, wanted[i].name);
    }
}

TEST(damaged_tables) {
    check(symbols, sizeof symbols / sizeof *symbols, names, sizeof names - 1, 0x1000, NULL); // unterminated names
    check(symbols, 0, names, sizeof names, 0x1000, NULL);
    Elf64_Sym outside = FUNCTION(STB_GLOBAL, 1000, 0x1000, 16);
    check(&outside, 1, names, sizeof names, 0x1000, NULL);
}

int main(void) {
    return tests_run();
}
