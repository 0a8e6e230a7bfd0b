// foreign_input.h: files of other tools as inputs of commands on profiles (../../foreign/foreign.h): folded stacks, speedscope, V8, perf
// script, heaptrack, pprof's older forms.
//
// Threads: one. Memory: malloc.
#ifndef CMEMPROF_FOREIGN_INPUT_H
#define CMEMPROF_FOREIGN_INPUT_H

#include "input.h"

#define FOREIGN_USAGE                                                                                                                      \
    "Files of other tools are known by their content: folded stacks, speedscope, V8's .cpuprofile and .heapprofile, the text\n"            \
    "of perf script, heaptrack, heap profiles of jemalloc, and pprof's older texts.\n"

// Replaces a file of another tool, inflated, by its profile, encoded, and counts it in options->recordings. Other content stays. Returns
// STATUS_DONE, or STATUS_FAILED after an error message.
int foreign_input_replace(const struct options *options, const char *path, struct input *input);

#endif
