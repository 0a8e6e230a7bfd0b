// dwarf_package.h: a package of split debug data (.dwp), as dwp and llvm-dwp make it of a program's .dwo files: the sections of all of
// them, one kind behind the other, and an index that says for each unit's identity where its parts lie (DWARF 5, and GNU's kind for DWARF
// 4).
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_PACKAGE_H
#define CMEMPROF_DWARF_PACKAGE_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_package {
    struct elf_file elf;
    struct dwarf_file whole; // with all units' sections
    uint32_t version, column_count, unit_count, slot_count;
    const uint8_t *ids, *rows, *columns, *offsets, *sizes; // the index, as it lies in the file
};

// False: no such file, or no such package. The package must stay where it is.
bool dwarf_package_open(struct dwarf_package *package, const char *path, struct symbolizer_arena *memory);
bool dwarf_package_use(struct dwarf_package *package);   // of the file that elf is already
void dwarf_package_close(struct dwarf_package *package); // of one that is not open, too

// The sections of the unit of that identity, as if it had a file of its own. False: it is not in the package.
bool dwarf_package_file(struct dwarf_package *package, uint64_t id, struct dwarf_file *file);

#endif
