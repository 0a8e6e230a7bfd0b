// debug_files.h (naming): finds the separate debug file of an object file.
//
// Looks by build ID (/usr/lib/debug/.build-id), then by the name in .gnu_debuglink: next to the file, in .debug there, and under
// /usr/lib/debug. dwz's common file is found by .gnu_debugaltlink; split data (.dwp, .dwo) is found by dwarf_split.h. Nothing is fetched
// over a network, and a file of another build is rejected.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DEBUG_FILES_H
#define CMEMPROF_DEBUG_FILES_H

#include "namespace.h"
#include "elf_file.h"

// path is that of the file. Returns false if there is no debug file.
bool debug_files_open(struct elf_file *debug, const struct elf_file *file, const char *path);
// The dwz file that the .gnu_debugaltlink of the file at path names. Returns false if there is none.
bool debug_files_open_supplementary(struct elf_file *supplementary, const struct elf_file *file, const char *path);

#endif
