// modules.h: the objects that are or were loaded: where their code lies, which file it came from, and its build ID.
//
// Mappings are written as Go's runtime/pprof writes them (page-aligned start, limit and file offset of the executable segment, resolved
// path, build ID), so that a C profile and a Go profile of one process share them when merged. An object that was unloaded stays known,
// since samples may still point into it. Generations tell apart what has lain at one address: each unloading ends one.
//
// Threads: refreshing is guarded by the caller (snapshot.c's lock) and takes the loader's lock: never from inside malloc. Finding may go on
// at the same time: a module stays where it is. Memory: malloc, bounded by MODULES_MAX.
#ifndef CMEMPROF_MODULES_H
#define CMEMPROF_MODULES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { MODULES_MAX = 4096, MODULE_BUILD_ID_BYTES = 64 };

struct module {
    uintptr_t start, limit; // of the executable segment, limit exclusive
    uint64_t file_offset;
    uintptr_t bias;                               // address in memory - address in the file
    char *file;                                   // as to be shown: "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", "[vdso]"
    char build_id[2 * MODULE_BUILD_ID_BYTES + 1]; // lower-case hex, "" when there is none
    bool is_program;
    uint32_t index;               // in struct modules
    uint32_t loaded_at;           // generation
    _Atomic uint32_t unloaded_at; // the last generation that it was loaded in; 0: it is loaded
    bool seen;                    // by the refresh that is going on
};

struct modules {
    struct module *items[MODULES_MAX];
    _Atomic size_t count;
    uint32_t generation; // the present one less 1
};

// Adds what is loaded now, and notes what no longer is. False: no memory, and what was known stays. *ended: 0, or the generation that has
// ended because something was unloaded.
bool modules_refresh(struct modules *modules, uint32_t *ended);
// generation 0: now, or what was there last. NULL: none.
const struct module *modules_find(const struct modules *modules, uintptr_t address, uint32_t generation);
void modules_free(struct modules *modules);

#endif
