// run_output.h: profiles of `cmemprof run` as files: FILE has all processes together, each as it was last seen; FILE.1, FILE.2, ... one for
// each signal that asked for a profile.
//
// Threads: one. Memory: malloc; the merged profile.
#ifndef CMEMPROF_RUN_OUTPUT_H
#define CMEMPROF_RUN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "run_directory.h"

struct run_output {
    const char *path;
    unsigned signals; // files written for signals
    bool failed;      // something could not be written, and that was said
    size_t processes; // in FILE
};

// Writes what is new. whole: FILE as well, with a line about what is in it if it is the last time.
void run_output_take(struct run_output *output, struct run_directory *directory, bool whole, bool last);

#endif
