// pprof_names.h: what is said of options of `go tool pprof` that a command does not have.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_COMMAND_PPROF_NAMES_H
#define CMEMPROF_COMMAND_PPROF_NAMES_H

#include <stddef.h>

// What to do instead, for a line that begins with the option: "-svg " "is of go tool pprof alone, ...". name: without dashes, up to '='.
// NULL: go tool pprof has no such option either.
const char *pprof_names_hint(const char *command, const char *name, size_t length);

#endif
