// symbol_namer.h: names the addresses of profiles by files that have symbols: programs and libraries as they were before they were
// stripped, or the debug files that were split off. A file is taken only for the build that it is of: by build ID, or where a mapping has
// none, by the name of a file that was given.
//
// Threads: files and directories are added by one; then any, of which one at a time names. Memory: malloc, the names of 65,536 addresses at
// most (cmemprof/symbols.h), and the files while they are read.
#ifndef CMEMPROF_COMMAND_SYMBOL_NAMER_H
#define CMEMPROF_COMMAND_SYMBOL_NAMER_H

#include "../../merge/merge.h"

struct symbol_namer;

struct symbol_namer *symbol_namer_new(void); // NULL: no memory
void symbol_namer_free(struct symbol_namer *namer);

// A file with symbols. False: it is no ELF file of 64 bits, or there is no memory.
bool symbol_namer_add_file(struct symbol_namer *namer, const char *path);
// A directory with such files: .build-id/ab/cdef.debug, ab/cdef.debug, abcdef.debug, or files of any name in it, 4,096 at most. False: it
// cannot be read.
bool symbol_namer_add_directory(struct symbol_namer *namer, const char *path);

// For profile_set_namer. It lives as long as the namer.
struct profile_namer symbol_namer_for_profiles(struct symbol_namer *namer);

// What was asked for since the last call of symbol_namer_begin.
struct symbol_namer_count {
    size_t asked, named;
    const char *missing; // a file that nothing was found for, NULL: none. As long as the namer lives
    const char *missing_build_id;
};
void symbol_namer_begin(struct symbol_namer *namer); // closes files, too
struct symbol_namer_count symbol_namer_counted(const struct symbol_namer *namer);
// Another number when there are other files in the directories; what was found before is forgotten then. Closes files, too.
uint64_t symbol_namer_state(struct symbol_namer *namer);

#endif
