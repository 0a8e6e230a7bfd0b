// modules.h: the objects that are or were loaded: where their code lies, which file it came from, and its build ID.
//
// Mappings are written as Go's runtime/pprof writes them (page-aligned start, limit and file offset of the executable segment, resolved
// path, build ID), so that a C profile and a Go profile of one process share them when merged. An object that was unloaded stays known,
// since samples may still point into it.
//
// Generations tell apart what has lain at one address: each unloading ends one. A module is one content at one place, and has a stay for
// each time that it was loaded there: plugins that take turns at one address have many, one that comes back to where nothing else was
// meanwhile goes on with its last one.
//
// Threads: refreshing is guarded by the caller (loaded_code.c's lock) and takes the loader's lock: never from inside malloc. Finding may go
// on at the same time, for a short lock: a module stays where it is. Memory: malloc, bounded by MODULES_MAX and, as long as what nobody
// needs is forgotten when there are many, by what is needed.
#ifndef CMEMPROF_MODULES_H
#define CMEMPROF_MODULES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { MODULES_MAX = 4096, MODULES_MANY_STAYS = 16384, MODULE_BUILD_ID_BYTES = 64 };

// Generations, both inclusive.
struct module_stay {
    uint32_t from, to;
};

struct module {
    uintptr_t start, limit; // of the executable segment, limit exclusive
    uint64_t file_offset;
    uintptr_t bias;                               // address in memory - address in the file
    char *file;                                   // as to be shown: "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", "[vdso]"
    char build_id[2 * MODULE_BUILD_ID_BYTES + 1]; // lower-case hex, "" when there is none
    bool is_program;
    uint32_t index;               // in struct modules
    uint32_t serial;              // of this content at this place: another one if the record is used again
    uint32_t loaded_at;           // generation that its last stay began in
    _Atomic uint32_t unloaded_at; // the last generation that it was loaded in; 0: it is loaded; MODULE_FORGOTTEN: the record is free
    struct module_stay *stays;    // before the last one, ascending; guarded by modules.lock
    size_t stay_count, stay_capacity;
    char *former_file; // of the content before, for those who had just found it
    bool seen;         // by the refresh that is going on
};
#define MODULE_FORGOTTEN UINT32_MAX

struct modules {
    struct module *items[MODULES_MAX];
    _Atomic size_t count;
    uint32_t generation;  // the present one less 1
    pthread_mutex_t lock; // of what follows; all 0 is one that is free
    struct module *by_start[MODULES_MAX];
    uintptr_t reach[MODULES_MAX]; // the highest limit of the modules up to this one in by_start
    size_t stay_count;            // of all modules, without the last ones
    size_t many;                  // as many stays are worth looking which of them are needed; 0: MODULES_MANY_STAYS
    uint32_t serial;              // of the newest module
    bool full;                    // one was not added
};

// Adds what is loaded now, and notes what no longer is. False: no memory, and what was known stays. *ended: 0, or the generation that has
// ended because something was unloaded.
bool modules_refresh(struct modules *modules, uint32_t *ended);
// generation 0: now, or what was there last. Another: then, or the only one that was ever known there. NULL: none.
const struct module *modules_find(struct modules *modules, uintptr_t address, uint32_t generation);

// The three steps of a refresh, with the loader's answer in between. modules_see: this is loaded; name is the loader's. False: no memory.
void modules_refresh_begins(struct modules *modules);
bool modules_see(struct modules *modules, const struct module *loaded, const char *name);
uint32_t modules_refresh_ends(struct modules *modules); // what *ended is

// It is time to forget what nobody needs.
bool modules_are_many(const struct modules *modules);
// Forgets the stays that have ended and that nobody needs, and modules without any. is_needed: something belongs to one of the generations.
// For the one who refreshes.
void modules_forget(struct modules *modules, bool (*is_needed)(struct module_stay stay, const void *context), const void *context);

void modules_after_fork_in_child(struct modules *modules);
void modules_free(struct modules *modules);

#endif
