// run_memory.h: writes FILE.memory, the memory profiles of all processes at their ends, added up, and prints a line that says where their
// resident memory was.
//
// Threads: one. Memory: malloc; the merged profile.
#ifndef CMEMPROF_RUN_MEMORY_H
#define CMEMPROF_RUN_MEMORY_H

#include "run_output.h"

// Neither file nor line if no process has written one; a note if some have not, or if memory runs out. Prints an error and returns false if
// the file cannot be written.
bool run_memory_take(const struct run_output *output, const struct run_directory *directory);

#endif
