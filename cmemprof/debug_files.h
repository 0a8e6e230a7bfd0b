// debug_files.h: where the debug data of a file lies that does not hold it itself.
//
// A debug file is found by build ID (/usr/lib/debug/.build-id), or by the name in .gnu_debuglink: beside the file, in .debug there, or
// under /usr/lib/debug. The common part of several (dwz) by .gnu_debugaltlink, split data (.dwp, .dwo) by dwarf_split.h. Nothing is
// fetched over a network, and what is not of that very build is not taken.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DEBUG_FILES_H
#define CMEMPROF_DEBUG_FILES_H

#include "namespace.h"
#include "elf_file.h"

// path: of the file. False: there is none.
bool debug_files_open(struct elf_file *debug, const struct elf_file *file, const char *path);
// For the file at the path, which has a .gnu_debugaltlink, or not.
bool debug_files_open_supplementary(struct elf_file *supplementary, const struct elf_file *file, const char *path);

#endif
