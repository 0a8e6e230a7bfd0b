// run_path.h: names of the files of `cmemprof run`, of which each process may have its own: %e is the program's name, %p its process ID,
// as in core(5), and %% a percent sign.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RUN_PATH_H
#define CMEMPROF_RUN_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// Other percent signs stay as they are. Returns false if the path does not fit.
bool run_path_make(const char *pattern, const char *program, pid_t pid, char *path, size_t size);
// Whether the files of two processes have different names.
bool run_path_is_own(const char *pattern);

#endif
