// output.h: where a command puts the profile it has made.
//
// A file is written whole or not at all: under another name in the same directory, then renamed. What stands there before and is no
// regular file (a pipe, a device) is written to as it is. Threads: one. Memory: a path.
#ifndef CMEMPROF_OUTPUT_H
#define CMEMPROF_OUTPUT_H

#include "../../merge/merge.h"

struct output {
    const char *path; // "-": standard output; NULL: that too, if it is no terminal
    enum merge_compression compression;
    int level; // 0: what is usual for the compression
};

// Whether there is a place to write to, before work begins. STATUS_DONE, or the exit status, and the reason is said.
int output_check(const char *command, const struct output *output);
// path as in struct output. STATUS_DONE, or STATUS_FAILED, and the reason is said.
int output_write(const char *command, const char *path, const void *bytes, size_t size);
// Encodes it as output says, and writes it.
int output_profile(const char *command, const struct output *output, const char *path, struct profile *profile);

#endif
