// debug_fuzz.c: libFuzzer target for the reader of ELF files and debug data. The input is 8 bytes that give the address to look up,
// followed by a whole file. The file is a heap block of exactly its size, so that AddressSanitizer sees any read outside of it; derived
// data is in symbolizer_arena.h, which poisons the gaps between blocks. `make fuzz-debug` builds and runs it; debug_seeds.c makes its seed
// inputs.

#include <stdlib.h>
#include <string.h>

#include "../dwarf_addresses.h"
#include "../dwarf_function.h"
#include "../dwarf_lines.h"
#include "../dwarf_package.h"
#include "../elf_symbols.h"
#include "../function_index.h"
#include "../unit_digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SCOPES = 16 };
// Far less than for real files, so that an input takes milliseconds.
enum { STEPS = 20000, MEMORY_BYTES = 16 << 20, DIGEST_BYTES = 64 << 10 };

static void name_scopes(struct dwarf_unit *unit, uint64_t address) {
    struct dwarf_die scopes[MAX_SCOPES];
    struct function_index *index = function_index_of(unit);
    size_t count = index ? function_index_scopes(index, address, scopes, MAX_SCOPES) : 0;
    unit->file->names.used = 0;
    for (size_t i = 0; i < count; i++) {
        struct dwarf_function function = dwarf_function_of(&scopes[i]);
        if (strlen(function.name) + strlen(function.linkage) > 4u << 20) {
            abort();
        }
    }
}

static void find_line(struct dwarf_unit *unit, uint64_t address) {
    struct line_table *lines = dwarf_lines_of(unit);
    uint64_t file;
    int64_t line;
    if (lines && line_table_find(lines, address, &file, &line)) {
        line_table_file(lines, file);
    }
}

static void digest(struct dwarf_unit *unit, uint64_t address) {
    struct unit_digest *digest = unit_digest_new(unit, unit, DIGEST_BYTES);
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    size_t count, bytes = 0;
    if (digest && unit_digest_frames(digest, address, frames, &count)) {
        for (size_t i = 0; i < count; i++) {
            bytes += strlen(frames[i].function) + strlen(frames[i].system_name) + strlen(frames[i].file);
        }
        if (bytes > (size_t)3 * SYMBOL_MAX_INLINED * DIGEST_BYTES) {
            abort();
        }
    }
    unit_digest_free(digest);
}

static void use(struct elf_file *elf, uint64_t address) {
    static struct dwarf_file dwarf;
    struct elf_symbols symbols;
    const uint8_t *id;
    dwarf_file_open(&dwarf, elf);
    dwarf.steps_left = STEPS;
    struct dwarf_addresses addresses = {.file = &dwarf};
    struct dwarf_unit *unit = dwarf_addresses_find(&addresses, address);
    unit = unit ? unit : dwarf_unit_at(&dwarf, 0);
    if (unit) {
        name_scopes(unit, address);
        find_line(unit, address);
        digest(unit, address);
    }
    elf_file_build_id(elf, &id);
    if (elf_symbols_read(&symbols, elf, SHT_SYMTAB)) {
        elf_symbols_find(&symbols, address);
    }
}

// The unit in one of its slots, selected by the address.
static void use_package(struct dwarf_package *package, uint64_t address) {
    static struct dwarf_file dwarf;
    uint64_t id;
    if (!dwarf_package_use(package)) {
        return;
    }
    memcpy(&id, package->ids + address % package->slot_count * sizeof id, sizeof id);
    if (dwarf_package_file(package, id, &dwarf)) {
        dwarf.steps_left = STEPS;
        struct dwarf_unit *unit = dwarf_unit_at(&dwarf, 0);
        if (unit) {
            name_scopes(unit, address);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t address;
    if (size <= sizeof address) {
        return 0;
    }
    memcpy(&address, data, sizeof address);
    size -= sizeof address;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, data + sizeof address, size);
    struct symbolizer_arena memory = {.limit_bytes = MEMORY_BYTES, .address_space_left = SIZE_MAX}; // without the system's limits
    static struct dwarf_package package;
    if (elf_file_use(&package.elf, bytes, size, &memory)) {
        use(&package.elf, address);
        use_package(&package, address);
    }
    symbolizer_arena_close(&memory);
    free(bytes);
    return 0;
}
