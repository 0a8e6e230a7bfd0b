// code_objects.h (unwind): a private table of loaded objects, for loaders without one that can be read lock-free: musl, and glibc before
// 2.35, which lacks _dl_find_object. Elsewhere it stays empty and costs nothing. What was loaded since the last refresh is looked for in
// the loader's list (code_loader.h), so that code loaded late is not cut.
//
// Double-buffered: a refresh fills the other copy and then publishes it, so a signal handler or malloc meanwhile reads the old one. A
// reader detects that its copy was refilled and retries.
//
// Memory: mmap, once. At most 4096 segments; code in further ones has no rules, so stacks are cut there and counted.
#ifndef CMEMPROF_CODE_OBJECTS_H
#define CMEMPROF_CODE_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

struct code_object {
    uintptr_t start, end;       // an executable segment; other objects may lie between the segments of one object
    uintptr_t rules, rules_end; // the segment that contains .eh_frame_hdr and .eh_frame
    uintptr_t eh_frame_hdr;
};

// Returns true if cfi_object_at uses this table. Precondition, here and below: code_loader_look() was called.
bool code_objects_in_use(void);

// Lists the loaded objects (dl_iterate_phdr): at the profiler's start and after every dlopen and dlclose. Called only by loaded_code.c with
// its lock held, which keeps forks out. Not inside malloc, not in signal handlers. If two threads call it at once, one does the work for
// both and the other does not wait. No effect if the table is not in use.
void code_objects_refresh(void);

// Call in the child of a fork: the parent may have been refreshing.
void code_objects_after_fork_in_child(void);

// Threads: any, also inside malloc and in signal handlers. No lock, no allocation.
bool code_objects_find(uintptr_t address, struct code_object *object);

// For tests: forces the table into use.
void code_objects_force(void);

#endif
