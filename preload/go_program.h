// go_program.h: whether the program into which the library is preloaded is Go's, and where its segments are.
//
// Threads: one, before main. Memory: none; points to what the loader keeps.
#ifndef CMEMPROF_PRELOAD_GO_PROGRAM_H
#define CMEMPROF_PRELOAD_GO_PROGRAM_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_program {
    uintptr_t base;
    const ElfW(Phdr) * segments;
    size_t segment_count;
    uintptr_t text_start, text_end; // of all code, C's as well
    // It needs a library, so that its threads are libc's. Go's own, in a program without C, have no thread-local storage of libc.
    bool has_c;
};

// Returns false if it is not Go's.
bool go_program_find(struct go_program *program);

#endif
