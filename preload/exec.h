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

// How to recognise the profiled process. before (NULL: none) is called in it before each exec, maybe in a signal handler. Call once, before
// main.
void exec_watch(bool (*is_profiled)(void), void (*before)(void));
// Records the variables, to pass them on. Call once, before settings_remove.
void exec_remember(char **environment, const char *library);

#endif
