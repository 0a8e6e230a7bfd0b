// dwarf_split.h (naming): split debug data (-gsplit-dwarf). The program's unit is then a skeleton, and its entries are in a package for the
// whole program (FILE.dwp next to it, under /usr/lib/debug, or there by build ID) or in a .dwo file that the skeleton names. Only data with
// the skeleton's ID is used.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_SPLIT_H
#define CMEMPROF_DWARF_SPLIT_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_split {
    const char *program;           // path of the file that contains the skeletons
    const char *build_id;          // of that file, in hex; "": none
    struct split_file *files;      // open files, latest first
    struct dwarf_package *package; // NULL: not looked for, or absent
    bool looked_for_package;
    // All files share one step count; the last used file holds it.
    struct dwarf_file *last_used;
};

// The unit that contains the entries: the unit itself or its split unit. Call each time before reading them.
struct dwarf_unit *dwarf_split_of(struct dwarf_split *split, struct dwarf_unit *unit);
void dwarf_split_close(struct dwarf_split *split);

#endif
