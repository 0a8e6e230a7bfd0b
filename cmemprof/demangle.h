// demangle.h (naming): demangles C++ (Itanium ABI) and Rust (both schemes), independently of what libraries the program has loaded.
//
// A name that cannot be parsed, or whose result would exceed DEMANGLE_MAX_BYTES, is kept mangled: a damaged name costs bounded time and no
// memory but the caller's. Output matches binutils' c++filt and rustfilt, Rust names without hashes.
//
// Threads: any, each with its own demangler. Memory: the demangler, 100 KB.
#ifndef CMEMPROF_DEMANGLE_H
#define CMEMPROF_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"
#include "symbolizer_arena.h"

enum { DEMANGLE_MAX_BYTES = 16 << 10 }; // of a demangled name

struct demangler;                                                 // working state
struct demangler *demangler_new(struct symbolizer_arena *memory); // NULL: no memory

// Valid until the next call. Returns NULL if the name is not mangled or cannot be parsed.
const char *demangle(struct demangler *demangler, const char *name);

#endif
