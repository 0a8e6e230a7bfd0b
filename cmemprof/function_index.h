// function_index.h (naming): the functions of one unit by address, and the parent of each of its entries.
//
// The unit is walked once; a lookup then reads only the scopes of one function. SQLite is one unit of 250,000 lines: without the index each
// lookup would take 5 ms.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_FUNCTION_INDEX_H
#define CMEMPROF_FUNCTION_INDEX_H

#include <stddef.h>

#include "namespace.h"
#include "dwarf_die.h"

// The unit's index, built by the first call. Returns NULL if memory runs out.
struct function_index *function_index_of(struct dwarf_unit *unit);

// The function at the address and its nested scopes, including inlined functions, innermost first, at most `max`. Returns 0 if there is no
// function.
size_t function_index_scopes(struct function_index *index, uint64_t address, struct dwarf_die *scopes, size_t max);

// What the index is made of. Returns false from `count` on. Lookups without a result make the index deep: it then has the functions within
// functions, too.
bool function_index_at(const struct function_index *index, size_t i, uint64_t *low, uint64_t *high, struct dwarf_die *function);
bool function_index_is_deep(const struct function_index *index);
bool function_index_is_scope(unsigned tag); // within a function: a block or an inlined function

// The namespace, class or function that the entry is declared in. Returns false if that is the unit itself.
bool function_index_parent(struct function_index *index, const struct dwarf_die *die, struct dwarf_die *parent);

#endif
