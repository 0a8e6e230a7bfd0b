// function_index.h: the functions of one unit of debug data by address.
//
// libdw finds the function of an address, and what is inlined there, by walking the unit from its beginning, once for the innermost scope
// and once more for those around it: 5 ms for each address of SQLite, whose 250,000 lines are one unit. Here the unit is walked once, and
// then only the scopes of one function for each address.
//
// Threads: guarded by the caller. Memory: malloc.
#ifndef CMEMPROF_FUNCTION_INDEX_H
#define CMEMPROF_FUNCTION_INDEX_H

#include <elfutils/libdw.h>
#include <stddef.h>

#include "namespace.h"

struct function_index;

struct function_index *function_index_new(const Dwarf_Die *unit); // NULL: no memory
void function_index_free(struct function_index *index);           // NULL is fine

// The function at the address and the scopes in it, inlined functions among them, as they are nested in the code: the innermost first, at
// most `most`. 0: no function is there.
size_t function_index_scopes(struct function_index *index, Dwarf_Addr address, Dwarf_Die *scopes, size_t most);

#endif
