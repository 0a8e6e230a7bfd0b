// location_kind.h (naming): classifies a location by its function names, to skip frames and to label samples.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_LOCATION_KIND_H
#define CMEMPROF_LOCATION_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"

enum location_kind {
    LOCATION_C,
    LOCATION_OPERATOR_NEW, // skipped on top of a stack, like malloc's own frame: the site is its caller
    LOCATION_GO_MAPS,      // runtime/cgo's function through which Go's runtime maps memory
    LOCATION_GO_THREADS,   // the one through which it makes threads
    LOCATION_GO_RUNTIME,   // between C and the Go function that called C
    LOCATION_GO,
    LOCATION_OWN_GO, // a function of this module that calls C
};

// system_name is that of the function that contains the address, not of one inlined there.
enum location_kind location_kind_of_c(const char *system_name);
// Refines the kind by the next function at a Go address. Start with LOCATION_GO_RUNTIME, the kind of an address without names.
enum location_kind location_kind_of_go(enum location_kind before, const char *function);

// The number of locations to skip on top of the stack. Never all of them.
size_t location_kind_skipped(const enum location_kind *stack, size_t depth);
// Returns true if the profiler itself allocated the memory: this module's Go code called the C code. Memory that the program allocates
// below Go code of this module (a wrapped handler) is the program's.
bool location_kind_is_own(const enum location_kind *stack, size_t depth);

#endif
