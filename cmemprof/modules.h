// modules.h (naming): the objects that are or were loaded: where their code lies, their file and their build ID.
//
// Mappings follow Go's runtime/pprof (page-aligned start, limit and file offset of the executable segment, resolved path, build ID), so
// that C and Go profiles of one process share them when merged. An unloaded object stays known, since samples may still point into it.
//
// Generations distinguish what was loaded at one address over time: each unloading ends one. A module is one content at one address, with a
// stay for each period that it was loaded there. Plugins that alternate at one address have many stays; a module that returns with nothing
// else loaded there meanwhile continues its last stay.
//
// Threads: the functions that refresh or forget need the listing lock (loaded_code.c) and take the loader's lock, so they must not run
// inside malloc. modules_find may run at the same time; it takes modules.lock briefly. A module never moves. Memory: malloc, and mmap for
// the lists; at most MODULES_MAX modules; stays that no stack needs are forgotten once there are many.
#ifndef CMEMPROF_MODULES_H
#define CMEMPROF_MODULES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "mapped_buffer.h"

enum { MODULES_MAX = 4096, MODULES_MANY_STAYS = 16384, MODULE_BUILD_ID_BYTES = 64 };

// Generations, both inclusive.
struct module_stay {
    uint32_t from, to;
};

struct module {
    uintptr_t start, limit; // of the executable segment, limit exclusive
    uint64_t file_offset;
    uintptr_t bias;                               // address in memory - address in the file
    char *file;                                   // as displayed: "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", "[vdso]"
    char build_id[2 * MODULE_BUILD_ID_BYTES + 1]; // lower-case hex; "": none
    bool is_program;
    uint32_t index;               // in struct modules
    uint32_t serial;              // of this content at this address; a reused record gets a new one
    uint32_t loaded_at;           // generation in which its last stay began
    _Atomic uint32_t unloaded_at; // last generation in which it was loaded; 0: still loaded; MODULE_FORGOTTEN: the record is free
    struct module_stay *stays;    // all but the last one, ascending; guarded by modules.lock
    size_t stay_count, stay_capacity;
    char *former_file; // of the previous content, for threads that had just found it
    bool seen;         // by the refresh in progress
};
#define MODULE_FORGOTTEN UINT32_MAX

struct modules {
    struct module **items; // this and the other lists have MODULES_MAX entries and never move; NULL: no module yet
    _Atomic size_t count;
    uint32_t generation;  // the present one minus 1
    pthread_mutex_t lock; // LOCK_MODULES: guards the following; all zeros is an unlocked mutex
    struct module **by_start;
    uintptr_t *reach;           // highest limit of the modules up to this one in by_start
    size_t stay_count;          // of all modules, without their last ones
    size_t many;                // stay count at which to look for unneeded ones; 0: MODULES_MANY_STAYS
    uint32_t serial;            // of the newest module
    bool full;                  // a module could not be added
    struct mapped_buffer lists; // their memory
};

// Adds what is loaded now and marks what no longer is. Returns false, with the known modules kept, if memory runs out. Sets *ended to the
// generation that an unloading ended, or 0.
bool modules_refresh(struct modules *modules, uint32_t *ended);
// generation 0: what is loaded there now, or was last. Otherwise: what was loaded there then, or the only module ever known there. Returns
// NULL if there is none.
const struct module *modules_find(struct modules *modules, uintptr_t address, uint32_t generation);

// The steps of a refresh. modules_see reports one loaded object, with the loader's name for it; it returns false if memory runs out.
void modules_refresh_begins(struct modules *modules);
bool modules_see(struct modules *modules, const struct module *loaded, const char *name);
uint32_t modules_refresh_ends(struct modules *modules); // returns what *ended is set to

// Returns true if it is time for modules_forget.
bool modules_should_forget(const struct modules *modules);
// Forgets ended stays for which is_needed is false, and modules without any stay. is_needed says whether a stack belongs to one of the
// stay's generations.
void modules_forget(struct modules *modules, bool (*is_needed)(struct module_stay stay, const void *context), const void *context);

void modules_after_fork_in_child(struct modules *modules);
void modules_free(struct modules *modules);

#endif
