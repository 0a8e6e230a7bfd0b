// code_locations.h (naming): names the code of a profile whose addresses are all of the code that is loaded now: a CPU profile.
//
// Between open and close the naming lock is held. First look_up for each address, since a module's mapping says whether all of its code in
// the profile has names; then add_mappings, then the rest.
//
// Threads: any, not inside malloc or signal handlers. Memory: malloc and mmap; the profile's.
#ifndef CMEMPROF_CODE_LOCATIONS_H
#define CMEMPROF_CODE_LOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../merge/merge.h"
#include "namespace.h"
#include "modules.h"
#include "symbols.h"

struct profiler;
struct code_locations {
    struct profiler *of;
    struct symbols *symbols;
    bool nameless[MODULES_MAX]; // by module: some of its addresses lack names
    uint64_t nameless_addresses;
};

// Returns false if memory runs out; then there is nothing to close.
bool code_locations_open(struct code_locations *locations, struct profiler *of);
void code_locations_close(struct code_locations *locations);

// address is the call's, as in the profile; or a gap's (cpu_gap.h), which has no mapping.
void code_locations_look_up(struct code_locations *locations, uintptr_t address);
// The program's come first, as pprof expects: of two, C's, which `pprof PROGRAM PROFILE` takes from PROGRAM if it lacks names. Unused ones
// are not written.
void code_locations_add_mappings(const struct code_locations *locations, struct profile *profile);
uint32_t code_locations_mapping(const struct code_locations *locations, struct profile *profile, uintptr_t address);
// Not for Go's code. lines has SYMBOL_MAX_INLINED entries. Returns their number.
size_t code_locations_lines(const struct code_locations *locations, struct profile *profile, uintptr_t address, struct profile_line *lines);

// A frame of Python (python_names.h) has no address and no mapping.
struct python_names;
uint32_t code_locations_of_python(const struct python_names *names, struct profile *profile, uintptr_t word);

#endif
