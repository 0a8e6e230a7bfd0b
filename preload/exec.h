// exec.h: keeps the library in a process that replaces itself by another program.
//
// Children find no trace of us in their environment (settings_remove). A process that calls exec itself is still the one that is to be
// profiled: a start script that ends in `exec server`, env, nice. So the exec family, all but fexecve and execveat,
// gives our variables to the new program when the process that calls is the profiled one.
//
// Threads: any; in a signal handler and in a child of vfork too. Memory: the caller's stack.
#ifndef CMEMPROF_PRELOAD_EXEC_H
#define CMEMPROF_PRELOAD_EXEC_H

#include <stdbool.h>

// Notes the variables as they are now, and how to know the process. Once, before settings_remove and before main.
void exec_remember(char **environment, const char *library, bool (*is_profiled)(void));

#endif
