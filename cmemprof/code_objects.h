// code_objects.h: a table of the loaded objects of our own, for systems whose loader has none that can be read without a lock: musl, and
// glibc before 2.35, which lack _dl_find_object. Elsewhere it stays empty and costs nothing.
//
// Two copies of the table, one of which is the present one. A refresh fills the other and then makes it the present one, so a signal
// handler or a malloc that comes in between reads the old table; a reader notes when its copy was refilled under its hands, and looks
// again. Memory: mmap, once. 4096 segments at most; code of further ones has no rules, so their stacks are cut, which is counted.
#ifndef CMEMPROF_CODE_OBJECTS_H
#define CMEMPROF_CODE_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

struct code_object {
    uintptr_t start, end;       // of an executable segment: between segments there may be room, and other objects in it
    uintptr_t rules, rules_end; // the segment that .eh_frame_hdr and .eh_frame lie in
    uintptr_t eh_frame_hdr;
};

// The table is what cfi_object_at asks here.
bool code_objects_in_use(void);

// Asks the loader (dl_iterate_phdr) what is loaded: when the profiler starts, and after every dlopen and dlclose. Only by loaded_code.c,
// whose lock keeps forks away meanwhile. Not inside malloc, not in a signal handler. Of two threads that come at once one does the work for
// both, and the other does not wait. Nothing where the table is not in use.
void code_objects_refresh(void);

// In the child of a fork, whose parent may have been refreshing.
void code_objects_after_fork_in_child(void);

// Threads: any, also inside malloc and in a signal handler. No lock, no allocation.
bool code_objects_find(uintptr_t address, struct code_object *object);

// For tests: from now on the table is in use, whatever the loader has.
void code_objects_use(void);

#endif
