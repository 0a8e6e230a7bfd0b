// demangle.h: names of C++ (Itanium ABI) and of Rust (both manglings) as people write them, in every program, whatever it has loaded.
//
// What cannot be read, or would be longer than the room, stays as it is: a name from a damaged file costs a bounded time and no memory but
// the caller's. Names are written as binutils' c++filt and Rust's rustfilt write them, Rust's without hashes.
//
// Threads: any, each with its own workplace. Memory: the workplace, 100 KB.
#ifndef CMEMPROF_DEMANGLE_H
#define CMEMPROF_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "symbolizer_arena.h"

enum { DEMANGLE_MAX_BYTES = 16 << 10 }; // of a readable name

struct demangler;                                                 // where a name is taken apart
struct demangler *demangler_new(struct symbolizer_arena *memory); // NULL: no memory

// Valid until the next call. NULL: not a mangled name, or none that can be read.
const char *demangle(struct demangler *demangler, const char *name);

#endif
