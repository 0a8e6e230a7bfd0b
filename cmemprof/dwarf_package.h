// dwarf_package.h (naming): a package of split debug data (.dwp), as dwp and llvm-dwp make it from a program's .dwo files: their sections
// concatenated by kind, and an index from unit IDs to contributions (DWARF 5, and GNU's format for DWARF 4).
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_PACKAGE_H
#define CMEMPROF_DWARF_PACKAGE_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_package {
    struct elf_file elf;
    struct dwarf_file whole; // sections of all units
    uint32_t version, column_count, unit_count, slot_count;
    const uint8_t *ids, *rows, *columns, *offsets, *sizes; // the index, as stored in the file
};

// Returns false if the file is missing or not a package. The package must not move.
bool dwarf_package_open(struct dwarf_package *package, const char *path, struct symbolizer_arena *memory);
bool dwarf_package_use(struct dwarf_package *package);   // uses the file that elf has already opened
void dwarf_package_close(struct dwarf_package *package); // also if not open

// Sets *file to the sections of the unit with that ID, as if it had a file of its own. Returns false if the package lacks it.
bool dwarf_package_file(struct dwarf_package *package, uint64_t id, struct dwarf_file *file);

#endif
