// output.h: writes profiles.
//
// A file is written completely or not at all: to a temporary name in the same directory, then renamed. An existing pipe or device is
// written to directly. Threads: one. Memory: malloc, a path.
#ifndef CMEMPROF_OUTPUT_H
#define CMEMPROF_OUTPUT_H

#include "../../merge/merge.h"

struct output {
    const char *path; // "-": standard output; NULL: the same, unless it is a terminal
    enum merge_compression compression;
    int level; // 0: the compression's default
};

// Checks before any work that the output can be written. Returns STATUS_DONE, or the exit status after an error message.
int output_check(const char *command, const struct output *output);
// Whether what is made of files would replace one of them, which are no output of the same kind. The same.
int output_check_inputs(const char *command, const struct output *output, char *const *files, size_t file_count);
// path: as in struct output. Returns STATUS_DONE, or STATUS_FAILED after an error message.
int output_write(const char *command, const char *path, const void *bytes, size_t size);
// Appends to a file, which others may do as well, or makes it. The same.
int output_append(const char *command, const char *path, const void *bytes, size_t size);
// Encodes a profile as output says, and writes it.
int output_profile(const char *command, const struct output *output, const char *path, struct profile *profile);

#endif
