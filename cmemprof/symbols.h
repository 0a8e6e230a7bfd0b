// symbols.h: names C addresses: function, file and line from DWARF with inlined functions expanded, else the function from the symbol
// table.
//
// On the snapshot's thread, never inside malloc. Separate debug files are looked for (debug_files.h, dwarf_split.h), and nothing is fetched
// over a network. A file whose build ID is not that of the memory (without one: whose content)
// is not the same code any more and gives no names. Debug data is opened only for addresses not seen before, and closed at the end of the
// snapshot.
//
// Threads: guarded by the caller (snapshot.c's lock). Memory: malloc for the names that are kept, which are emptied when they are
// of SYMBOLS_MAX addresses; what reading takes is apart from the program's (symbolizer_arena.h). Without memory there are fewer names.
#ifndef CMEMPROF_SYMBOLS_H
#define CMEMPROF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "modules.h"

enum { SYMBOLS_MAX = 65536, SYMBOL_MAX_INLINED = 32 };

struct symbol_frame {
    const char *function, *system_name, *file; // "" when unknown; system_name is the mangled name
    int64_t line, start_line;                  // 0 when unknown
};

struct symbol {
    const struct symbol_frame *frames; // innermost inlined function first
    size_t frame_count;                // 0: no name is known
};

struct symbols;                    // the cache, and the files that are open
struct symbols *symbols_new(void); // NULL: no memory
void symbols_free(struct symbols *symbols);

// address: of an instruction inside the call, that is return address - 1. Valid until symbols_forget or the next lookup.
struct symbol symbols_find(struct symbols *symbols, const struct module *module, uintptr_t address);

// Since files were opened memory for naming ran short (symbolizer_arena.h): names or lines are missing.
bool symbols_ran_short(const struct symbols *symbols);

// Closes files. The names stay.
void symbols_close_files(struct symbols *symbols);
void symbols_forget(struct symbols *symbols); // all names

#endif
