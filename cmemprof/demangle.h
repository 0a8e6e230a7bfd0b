// demangle.h: C++ names as people write them.
//
// The C++ runtime's own demangler (__cxa_demangle, Itanium C++ ABI) does it, where the program has loaded one; a program without C++ has no
// such names. Never inside malloc: it allocates.
#ifndef CMEMPROF_DEMANGLE_H
#define CMEMPROF_DEMANGLE_H

#include "namespace.h"

// malloc'ed for the caller. NULL: not a mangled name, or no C++ runtime in this process.
char *demangle(const char *name);

#endif
