// place_trait.h: what an address is to the stacks that have it, by its names: for what a sample is given beside its frames.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_PLACE_TRAIT_H
#define CMEMPROF_PLACE_TRAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"

enum place_trait {
    PLACE_C,
    PLACE_OPERATOR_NEW, // left out on top of a stack, as malloc's own frame is: the site is who called it
    PLACE_GO_RUNTIME,   // between C and the Go function that called C
    PLACE_GO,
    PLACE_OWN_GO, // a function of this module that calls C
};

// system_name: of the function that the address belongs to, not of one that was inlined there.
enum place_trait place_trait_of_c(const char *system_name);
// Adds what the next function at an address in Go code says. Begins with PLACE_GO_RUNTIME, the trait of an address without names.
enum place_trait place_trait_of_go(enum place_trait before, const char *function);

// How many places on top of the stack are left out. Never all.
size_t place_trait_skipped(const enum place_trait *stack, size_t depth);
// The memory is the profiler's own: this module's Go code called the C code that allocated. Memory of the program that goes through Go code
// of ours further down (a handler that was wrapped) is the program's.
bool place_trait_is_own(const enum place_trait *stack, size_t depth);

#endif
