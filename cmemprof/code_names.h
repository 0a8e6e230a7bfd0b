// code_names.h (naming): how C code appears in a profile: its mapping, and its names or what stands in for them.
//
// Threads: the profile's. Memory: the profile's.
#ifndef CMEMPROF_CODE_NAMES_H
#define CMEMPROF_CODE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../merge/merge.h"
#include "namespace.h"
#include "modules.h"
#include "symbols.h"

// The mapping of code in a module. go_start: where Go's code begins, anywhere; 0: there is none. has_names: all of the module's C addresses
// in the profile have names.
//
// has_functions tells a viewer not to symbolize, so it must not be set where C code lacks names; and a viewer that symbolizes a mapping
// anew loses Go's inlined functions. So in the program Go's code and C's have a mapping each. Both begin at the segment's start, which
// `go tool pprof` takes for the file's base; C's ends a page later, to stay distinct.
struct profile_mapping code_names_mapping(const struct module *module, uintptr_t go_start, bool is_go, bool has_names);

// Sets lines to a symbol's frames; without a name, to one frame with the name that tables and the page show for such an address
// ("libz.so+0x1234"). Readers drop or crash on locations without a function; the mapping marks it as unsymbolized (cmemprof symbolize,
// pprof). module NULL: unknown. lines has SYMBOL_MAX_INLINED entries. Returns their number.
size_t code_names_lines(struct profile *profile, const struct symbol *symbol, const struct module *module, uintptr_t address,
                        struct profile_line *lines);

#endif
