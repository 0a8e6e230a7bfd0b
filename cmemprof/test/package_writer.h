// package_writer.h: for tests: a package of split debug data in memory, whose units have only a name.
#ifndef CMEMPROF_TEST_PACKAGE_WRITER_H
#define CMEMPROF_TEST_PACKAGE_WRITER_H

#include "../../base/test/test.h"

#include "../dwarf_names.h"
#include "elf_writer.h"

enum { PACKAGE_SLOTS = 4, PACKAGE_COLUMNS = 4, PACKAGE_UNIT_BYTES = 22, PACKAGE_ABBREV_BYTES = 8, PACKAGE_OFFSETS_BYTES = 12 };

// The index: 32-bit words, which a test may damage before it is written.
struct package_index {
    uint32_t head[4]; // version, columns, units, slots
    uint64_t ids[PACKAGE_SLOTS];
    uint32_t rows[PACKAGE_SLOTS];
    uint32_t columns[PACKAGE_COLUMNS];
    uint32_t cells[2 * 3 * PACKAGE_COLUMNS]; // offsets, then sizes, of three units at most
} __attribute__((packed));

struct package {
    struct package_index index;
    uint8_t info[3 * PACKAGE_UNIT_BYTES], abbrev[3 * PACKAGE_ABBREV_BYTES], offsets[3 * PACKAGE_OFFSETS_BYTES];
    char texts[96];
    size_t texts_size;
};

// IDs and names of count units, at most three. Each has another abbreviation code, and its name is the first of its own strings.
static inline struct package package_new(uint32_t version, const uint64_t *ids, const char *const *names, uint32_t count) {
    static const uint32_t kinds[PACKAGE_COLUMNS] = {1, 3, 6, 5}; // the last kind is not used
    static const uint32_t sizes[PACKAGE_COLUMNS] = {PACKAGE_UNIT_BYTES, PACKAGE_ABBREV_BYTES, PACKAGE_OFFSETS_BYTES, 1};
    struct package package = {.index.head = {version, PACKAGE_COLUMNS, count, PACKAGE_SLOTS}};
    memcpy(package.index.columns, kinds, sizeof kinds);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t code = (uint8_t)(i + 1), *info = package.info + i * PACKAGE_UNIT_BYTES;
        const uint8_t abbrev[PACKAGE_ABBREV_BYTES] = {code, DW_TAG_compile_unit, 0, DW_AT_name, DW_FORM_strx1, 0, 0, 0};
        uint8_t head[PACKAGE_UNIT_BYTES] = {PACKAGE_UNIT_BYTES - 4, 0, 0, 0, 5, 0, DW_UT_split_compile, 8};
        memcpy(info, head, sizeof head);
        memcpy(info + 12, &ids[i], 8);
        info[20] = code;
        memcpy(package.abbrev + i * PACKAGE_ABBREV_BYTES, abbrev, sizeof abbrev);
        uint8_t *offsets = package.offsets + i * PACKAGE_OFFSETS_BYTES;
        memcpy(offsets, &(uint32_t[3]){8, 5, (uint32_t)package.texts_size}, PACKAGE_OFFSETS_BYTES); // length, version, offset of the string
        memcpy(package.texts + package.texts_size, names[i], strlen(names[i]) + 1);
        package.texts_size += strlen(names[i]) + 1;
        uint64_t slot = ids[i] % PACKAGE_SLOTS;
        while (package.index.rows[slot] != 0) {
            slot = (slot + (ids[i] >> 32 | 1)) % PACKAGE_SLOTS;
        }
        package.index.ids[slot] = ids[i];
        package.index.rows[slot] = i + 1;
        for (uint32_t column = 0; column < PACKAGE_COLUMNS; column++) {
            package.index.cells[i * PACKAGE_COLUMNS + column] = i * sizes[column];
            package.index.cells[(count + i) * PACKAGE_COLUMNS + column] = sizes[column];
        }
    }
    return package;
}

// index_bytes: how much of the index is written.
static inline void package_write(const struct package *package, const char *path, size_t index_bytes) {
    struct elf_writer writer = elf_writer_new();
    elf_writer_add(&writer, ".debug_info.dwo", SHT_PROGBITS, package->info, sizeof package->info);
    elf_writer_add(&writer, ".debug_abbrev.dwo", SHT_PROGBITS, package->abbrev, sizeof package->abbrev);
    elf_writer_add(&writer, ".debug_str_offsets.dwo", SHT_PROGBITS, package->offsets, sizeof package->offsets);
    elf_writer_add(&writer, ".debug_str.dwo", SHT_PROGBITS, package->texts, package->texts_size);
    elf_writer_add(&writer, ".debug_cu_index", SHT_PROGBITS, &package->index, index_bytes);
    elf_writer_finish(&writer);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(writer.bytes, 1, writer.size, file) != writer.size || fclose(file) != 0) {
        abort();
    }
    free(writer.bytes);
}

#endif
