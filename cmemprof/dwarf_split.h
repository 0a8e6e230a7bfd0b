// dwarf_split.h: split debug data (-gsplit-dwarf): a unit of the program is a skeleton then, and its entries lie elsewhere: in a package
// for the whole program (FILE.dwp beside it, under /usr/lib/debug, or there by build ID), or in a file of their own (.dwo), whose name the
// skeleton has. Only what has the skeleton's identity is taken.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_SPLIT_H
#define CMEMPROF_DWARF_SPLIT_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_split {
    const char *program;           // path of the file that the skeletons belong to
    const char *build_id;          // its, in hex; "": none
    struct split_file *files;      // that are open, the last first
    struct dwarf_package *package; // NULL: not looked for, or there is none
    bool looked_for_package;
    // One number of steps is for all of them: the file that was used last has it.
    struct dwarf_file *last_used;
};

// Where the unit's entries are: itself, or its split unit. To be asked each time before they are read.
struct dwarf_unit *dwarf_split_of(struct dwarf_split *split, struct dwarf_unit *unit);
void dwarf_split_close(struct dwarf_split *split);

#endif
