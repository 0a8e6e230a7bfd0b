// dwarf_function.h (naming): a function's name, qualified by the namespaces, classes and functions that it is declared in.
//
// Threads: guarded by the caller. Memory: the file's struct dwarf_names, which the caller empties first; a name that does not fit is left
// unqualified.
#ifndef CMEMPROF_DWARF_FUNCTION_H
#define CMEMPROF_DWARF_FUNCTION_H

#include "namespace.h"
#include "dwarf_die.h"

struct dwarf_function {
    const char *name;    // "engine::Cache::put"; in C "put"; "" if unnamed
    const char *linkage; // linkage name: "_ZN6engine5Cache3putEv"; "" if it has none
    uint64_t line;       // of the declaration; 0: unknown
};

struct dwarf_function dwarf_function_of(const struct dwarf_die *die);

#endif
