// exec.h: keeps the library loaded in a process that replaces itself by another program.
//
// Children find no trace of the library in their environment (settings_remove). But a process that calls exec is still the profiled one: a
// start script that ends in `exec server`, env, nice. So the exec family, except fexecve and execveat, passes our variables on to the new
// program if the caller is the profiled process.
//
// Threads: any; also in signal handlers and in a child of vfork. Memory: the caller's stack.
#ifndef CMEMPROF_PRELOAD_EXEC_H
#define CMEMPROF_PRELOAD_EXEC_H

#include <stdbool.h>

// Records the variables and how to recognise the profiled process. Call once, before settings_remove and before main.
void exec_remember(char **environment, const char *library, bool (*is_profiled)(void));

#endif
