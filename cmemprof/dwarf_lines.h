// dwarf_lines.h (naming): the line table of a unit, and the calls of its inlined functions, whose files it numbers.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_LINES_H
#define CMEMPROF_DWARF_LINES_H

#include "namespace.h"
#include "dwarf_die.h"
#include "line_table.h"

// Read by the first call. Returns NULL if there is none, it cannot be read, or memory runs out.
struct line_table *dwarf_lines_of(struct dwarf_unit *unit);

struct dwarf_call {
    const char *file; // "": unknown
    int64_t line;     // 0: unknown
};

// Where an inlined function was called. unit: the one with the lines, which is another one if the entries are split data.
struct dwarf_call dwarf_call_of(struct dwarf_unit *unit, const struct dwarf_die *inlined);

#endif
