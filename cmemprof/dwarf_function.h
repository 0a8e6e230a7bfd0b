// dwarf_function.h: what a function of debug data is called: with the namespaces, classes and functions that it is declared in.
//
// Threads: guarded by the caller. Memory: the file's room for names, which whoever asks empties before (struct dwarf_names); a name that
// does not fit is the function's alone.
#ifndef CMEMPROF_DWARF_FUNCTION_H
#define CMEMPROF_DWARF_FUNCTION_H

#include "namespace.h"
#include "dwarf_die.h"

struct dwarf_function {
    const char *name;    // "engine::Cache::put"; in C "put"; "": it has none
    const char *linkage; // as the linker knows it: "_ZN6engine5Cache3putEv"; "": nothing else than the name
    uint64_t line;       // where it is declared; 0: unknown
};

struct dwarf_function dwarf_function_of(const struct dwarf_die *die);

#endif
