// dwarf_split.h: split debug data (-gsplit-dwarf): a unit of the program is a skeleton then, and its entries lie in a file of their own
// (.dwo), whose name and identity the skeleton has. A package of them (.dwp) is not read.
//
// Threads: guarded by the caller. Memory: naming_memory.h.
#ifndef CMEMPROF_DWARF_SPLIT_H
#define CMEMPROF_DWARF_SPLIT_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_split {
    struct split_file *files; // that are open, the last first
};

// Where the unit's entries are: itself, or its split unit. program: path of the file that it belongs to.
struct dwarf_unit *dwarf_split_of(struct dwarf_split *split, struct dwarf_unit *unit, const char *program);
void dwarf_split_close(struct dwarf_split *split);

#endif
