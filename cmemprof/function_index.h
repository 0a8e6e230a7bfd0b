// function_index.h: the functions of one unit of debug data by address, and what its entries lie in.
//
// The unit is walked once, and then only the scopes of one function for each address: SQLite, whose 250,000 lines are one unit, would take
// 5 ms for each otherwise.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_FUNCTION_INDEX_H
#define CMEMPROF_FUNCTION_INDEX_H

#include <stddef.h>

#include "namespace.h"
#include "dwarf_die.h"

// Of the unit; made at the first call. NULL: no memory.
struct function_index *function_index_of(struct dwarf_unit *unit);

// The function at the address and the scopes in it, inlined functions among them, as they are nested in the code: the innermost first, at
// most `most`. 0: no function is there.
size_t function_index_scopes(struct function_index *index, uint64_t address, struct dwarf_die *scopes, size_t max);

// What the entry is declared in: a namespace, class or function. False: in the unit itself.
bool function_index_parent(struct function_index *index, const struct dwarf_die *die, struct dwarf_die *parent);

#endif
