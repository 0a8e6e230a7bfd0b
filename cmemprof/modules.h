// modules.h: the objects that are or were loaded: where their code lies, which file it came from, and its build ID.
//
// Mappings are written as Go's runtime/pprof writes them (page-aligned start, limit and file offset of the executable segment, resolved
// path, build ID), so that a C profile and a Go profile of one process share them when merged. An object that was unloaded stays known,
// since samples may still point into it; where two have lain at one address the one loaded last is found.
//
// Threads: guarded by the caller (snapshot.c's lock). Takes the loader's lock: never from inside malloc. Memory: malloc, bounded by
// MODULES_MAX.
#ifndef CMEMPROF_MODULES_H
#define CMEMPROF_MODULES_H

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
    bool is_program, loaded;
};

struct modules {
    struct module *items;
    size_t count;
    bool unloaded_some; // since it was last cleared by whoever keeps things by address
};

// Adds what is loaded now, and notes what no longer is. False: no memory, and what was known stays.
bool modules_refresh(struct modules *modules);
const struct module *modules_find(const struct modules *modules, uintptr_t address); // NULL: none
void modules_free(struct modules *modules);

#endif
