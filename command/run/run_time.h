// run_time.h: writes FILE.cpu, the time profiles of all processes from their begin to their end, added up, and prints a line that says
// where the CPU time went.
//
// Threads: one. Memory: malloc; the merged profile.
#ifndef CMEMPROF_RUN_TIME_H
#define CMEMPROF_RUN_TIME_H

#include "run_output.h"

// Adds those of the directory's files that were not read before. Prints an error and returns false if one cannot be read: its time is lost.
bool run_time_add(struct run_output *output, const struct run_directory *directory);
// Prints an error and returns false if the file cannot be written. No file if there was no time profile.
bool run_time_write(struct run_output *output);

#endif
