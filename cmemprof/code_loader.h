// code_loader.h (unwind): what the loader knows of the loaded objects, read without its lock.
//
// glibc 2.35 and newer have a table for that, _dl_find_object. It is looked up at run time: a program built with a newer glibc then runs
// with an older one, and one built with an older glibc uses the table where there is one. Older glibc, and musl, have the list of objects
// that debuggers read (DT_DEBUG). The loader frees its items as it likes, so they are read by a system call that fails where memory is
// gone.
#ifndef CMEMPROF_CODE_LOADER_H
#define CMEMPROF_CODE_LOADER_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// struct dl_find_object of glibc's <dlfcn.h> on amd64, which older ones lack.
struct code_loader_found {
    unsigned long long flags;
    uintptr_t start, end; // of the object; of one segment, if others lie between its segments
    void *link_map;
    uintptr_t eh_frame_hdr; // 0: none
    unsigned long long reserved[7];
};

// Looks for the table and the list. Not inside malloc nor under a lock: dlsym takes the loader's. No effect from the second call on.
void code_loader_look(void);

bool code_loader_has_table(void);

// Precondition: code_loader_has_table(). Threads: any, also inside malloc and in signal handlers.
bool code_loader_find(uintptr_t address, struct code_loader_found *found);

// The last item of the list at some moment. Zero: the list is not known.
struct code_loader_mark {
    uintptr_t item, addr, ld, previous;
};

// Threads: any. Reads the whole list, with a system call for each item.
struct code_loader_mark code_loader_mark(void);

// An object's program headers, in memory of the caller's.
struct code_loader_object {
    uintptr_t addr;
    uint16_t count;
    ElfW(Phdr) segments[32];
};

// Finds, among the objects loaded since the mark, the one that begins before the address and next to it; it need not contain the address. A
// mark that was unloaded stands for the beginning of the list. If nothing was loaded, the cost is two system calls. Returns false too if
// the list changes meanwhile, if the object's first segment does not begin with its headers, and if it has more of them than fit.
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation; preserves errno.
bool code_loader_loaded_since(const struct code_loader_mark *mark, uintptr_t address, struct code_loader_object *object);

#endif
