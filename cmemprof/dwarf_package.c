// dwarf_package.c (naming): see dwarf_package.h.

#include "dwarf_package.h"

enum { VERSION_GNU = 2, VERSION_5 = 5, MAX_COLUMNS = 32 };
// A valid hash table has free slots between used ones, so after this many probes the ID is absent.
enum { MAX_PROBES = 1024 };

// Section kinds, which identify the columns. GNU's numbers are the same for those used here.
enum { SECT_INFO = 1, SECT_ABBREV = 3, SECT_LINE = 4, SECT_STR_OFFSETS = 6, SECT_RNGLISTS = 8 };

// Header; IDs and rows, one per slot; the columns' kinds; offsets and sizes, one per unit and column.
static bool read_index(struct dwarf_package *package, struct dwarf_bytes index) {
    package->version = (uint32_t)dwarf_fixed(&index, 4); // DWARF 5: two bytes, then two zero bytes
    package->column_count = (uint32_t)dwarf_fixed(&index, 4);
    package->unit_count = (uint32_t)dwarf_fixed(&index, 4);
    package->slot_count = (uint32_t)dwarf_fixed(&index, 4);
    uint64_t slots = package->slot_count, columns = package->column_count, cells = package->unit_count * columns;
    package->ids = index.at;
    dwarf_skip(&index, slots * 8);
    package->rows = index.at;
    dwarf_skip(&index, slots * 4);
    package->columns = index.at;
    dwarf_skip(&index, columns * 4);
    package->offsets = index.at;
    dwarf_skip(&index, cells * 4);
    package->sizes = index.at;
    dwarf_skip(&index, cells * 4);
    return !index.bad && (package->version == VERSION_GNU || package->version == VERSION_5) && columns <= MAX_COLUMNS && slots > 0 &&
           (slots & (slots - 1)) == 0;
}

bool dwarf_package_use(struct dwarf_package *package) {
    struct elf_section index = elf_section_open(&package->elf, ".debug_cu_index");
    dwarf_file_open_split(&package->whole, &package->elf);
    return read_index(package, elf_section_all(&index));
}

bool dwarf_package_open(struct dwarf_package *package, const char *path, struct symbolizer_arena *memory) {
    if (!elf_file_open(&package->elf, path, memory)) {
        return false;
    }
    if (dwarf_package_use(package)) {
        return true;
    }
    elf_file_close(&package->elf);
    return false;
}

void dwarf_package_close(struct dwarf_package *package) {
    elf_file_close(&package->elf);
}

static uint64_t number_at(const uint8_t *table, uint64_t index, size_t bytes) {
    struct dwarf_bytes number = {table + index * bytes, table + (index + 1) * bytes, false};
    return dwarf_fixed(&number, bytes);
}

// Rows count from 1. Returns 0 if the ID is absent.
static uint32_t row_of(const struct dwarf_package *package, uint64_t id) {
    uint64_t mask = package->slot_count - 1, slot = id & mask, step = (id >> 32 & mask) | 1;
    for (int probes = 0; probes < MAX_PROBES; probes++, slot = (slot + step) & mask) {
        uint32_t row = (uint32_t)number_at(package->rows, slot, 4);
        if (row == 0 || number_at(package->ids, slot, 8) == id) {
            return row <= package->unit_count ? row : 0;
        }
    }
    return 0;
}

// The section of the file that the column describes. Returns NULL for one that is not used.
static struct elf_section *section_of(const struct dwarf_package *package, struct dwarf_file *file, uint64_t kind) {
    switch (kind) {
    case SECT_INFO:
        return &file->sections.info;
    case SECT_ABBREV:
        return &file->sections.abbrev;
    case SECT_LINE:
        return &file->sections.line;
    case SECT_STR_OFFSETS:
        return &file->sections.str_offsets;
    case SECT_RNGLISTS:
        return package->version == VERSION_5 ? &file->sections.rnglists : NULL;
    default:
        return NULL;
    }
}

bool dwarf_package_file(struct dwarf_package *package, uint64_t id, struct dwarf_file *file) {
    uint64_t row = row_of(package, id), columns = package->column_count;
    if (row == 0) {
        return false;
    }
    *file = (struct dwarf_file){.memory = package->whole.memory, .steps_left = DWARF_MAX_STEPS};
    for (uint64_t column = 0; column < columns; column++) {
        uint64_t kind = number_at(package->columns, column, 4), cell = (row - 1) * columns + column;
        struct elf_section *part = section_of(package, file, kind), *whole = section_of(package, &package->whole, kind);
        if (part) {
            *part = elf_section_part(whole, number_at(package->offsets, cell, 4), number_at(package->sizes, cell, 4));
        }
    }
    // All units share these, so they are read once.
    elf_section_all(&package->whole.sections.str);
    elf_section_all(&package->whole.sections.line_str);
    file->sections.str = package->whole.sections.str;
    file->sections.line_str = package->whole.sections.line_str;
    return true;
}
