// symbol_namer.h: names addresses of profiles, with the symbols of unstripped programs and libraries or of separate debug files.
//
// A file is used only for the build with its build ID; for a mapping without one, a given file of the same name that has none either.
//
// Threads: one adds files and directories; after that any thread may use the namer, which serializes them. Memory: malloc, names of at most
// 65,536 addresses (cmemprof/symbols.h), and the files while they are read.
#ifndef CMEMPROF_COMMAND_SYMBOL_NAMER_H
#define CMEMPROF_COMMAND_SYMBOL_NAMER_H

#include "../../merge/merge.h"

struct symbol_namer;

struct symbol_namer *symbol_namer_new(void); // returns NULL without memory
void symbol_namer_free(struct symbol_namer *namer);

// Adds a file with symbols. Returns false if it is not a 64-bit ELF file, or without memory.
bool symbol_namer_add_file(struct symbol_namer *namer, const char *path);
// Adds a directory of such files: .build-id/ab/cdef.debug, ab/cdef.debug, abcdef.debug, or any name, of which at most 4,096 are searched.
// Returns false if it cannot be read.
bool symbol_namer_add_directory(struct symbol_namer *namer, const char *path);

// For profile_set_namer. Valid as long as the namer.
struct profile_namer symbol_namer_for_profiles(struct symbol_namer *namer);

// Counts since the last symbol_namer_begin.
struct symbol_namer_count {
    size_t asked, named;
    const char *missing; // a mapped file without symbols; NULL: none. Valid as long as the namer
    const char *missing_build_id;
};
void symbol_namer_begin(struct symbol_namer *namer); // also closes files
struct symbol_namer_count symbol_namer_counted(const struct symbol_namer *namer);
// Returns a different number when the directories' files have changed, and then forgets all names. Also closes files.
uint64_t symbol_namer_state(struct symbol_namer *namer);

#endif
