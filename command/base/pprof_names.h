// pprof_names.h: hints for options of `go tool pprof` that a command does not have.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_COMMAND_PPROF_NAMES_H
#define CMEMPROF_COMMAND_PPROF_NAMES_H

#include <stddef.h>

// Returns the rest of a message that begins with the option: "draws a graph: ...". name: without dashes, up to '='. Returns NULL if go tool
// pprof has no such option.
const char *pprof_names_hint(const char *command, const char *name, size_t length);

#endif
