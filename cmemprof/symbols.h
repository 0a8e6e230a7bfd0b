// symbols.h (naming): symbolizes C addresses: function, file and line from DWARF with inlined functions expanded, else the function from
// the symbol table.
//
// Runs on the snapshot's thread, never inside malloc. Separate debug files are looked for (debug_files.h, dwarf_split.h); nothing is
// fetched over a network. A file whose build ID (without one: whose content) differs from the memory's is other code and gives no names.
// Debug data is opened only for addresses not seen before, and closed at the end of the snapshot. What it says of other addresses in the
// same units is kept (digests.h).
//
// Threads: guarded by the caller (the naming lock of snapshot_encode.c). Memory: malloc for cached names, which are dropped once there are
// SYMBOLS_MAX addresses; reading uses symbolizer_arena.h. If memory is short there are fewer names.
#ifndef CMEMPROF_SYMBOLS_H
#define CMEMPROF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "modules.h"

enum { SYMBOLS_MAX = 65536, SYMBOL_MAX_INLINED = 32 };

struct symbol_frame {
    const char *function, *system_name, *file; // "" if unknown; system_name is the mangled name
    int64_t line, start_line;                  // 0 if unknown
};

struct symbol {
    const struct symbol_frame *frames; // innermost inlined function first
    size_t frame_count;                // 0: no name
};

struct symbols;                    // the name cache and the open files
struct symbols *symbols_new(void); // returns NULL if memory runs out
void symbols_free(struct symbols *symbols);

// address is inside the call instruction: return address - 1. module NULL: code that belongs to no file, which may be in perf_map.h. Valid
// until symbols_forget or the next lookup.
struct symbol symbols_find(struct symbols *symbols, const struct module *module, uintptr_t address);

// The same for an address that was looked for before; else without a name. Opens and allocates nothing.
struct symbol symbols_known(struct symbols *symbols, const struct module *module, uintptr_t address);

// Returns true if memory for symbolizing ran out since files were opened (symbolizer_arena.h): names or lines are missing.
bool symbols_ran_short(const struct symbols *symbols);

// Closes files; keeps the names, and digests of what was read.
void symbols_close_files(struct symbols *symbols);
void symbols_forget(struct symbols *symbols); // drops all names and digests

#endif
