// location_kind.h: what an address is to the stacks that have it, by its names: for what a sample is given beside its frames.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_LOCATION_KIND_H
#define CMEMPROF_LOCATION_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"

enum location_kind {
    LOCATION_C,
    LOCATION_OPERATOR_NEW, // left out on top of a stack, as malloc's own frame is: the site is who called it
    LOCATION_GO_RUNTIME,   // between C and the Go function that called C
    LOCATION_GO,
    LOCATION_OWN_GO, // a function of this module that calls C
};

// system_name: of the function that the address belongs to, not of one that was inlined there.
enum location_kind location_kind_of_c(const char *system_name);
// Adds what the next function at an address in Go code says. Begins with LOCATION_GO_RUNTIME, the kind of an address without names.
enum location_kind location_kind_of_go(enum location_kind before, const char *function);

// How many places on top of the stack are left out. Never all.
size_t location_kind_skipped(const enum location_kind *stack, size_t depth);
// The memory is the profiler's own: this module's Go code called the C code that allocated. Memory of the program that goes through Go code
// of ours further down (a handler that was wrapped) is the program's.
bool location_kind_is_own(const enum location_kind *stack, size_t depth);

#endif
