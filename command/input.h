// input.h: profile files in: read whole, checked, decoded.
//
// Threads: one. Memory: malloc, one file at a time. Every failure is said on standard error, with the file and the byte.
#ifndef CMEMPROF_INPUT_H
#define CMEMPROF_INPUT_H

#include "options.h"

struct input {
    uint8_t *bytes; // as they are in the file, compressed or not
    size_t size;
};

// The whole file; "-" is standard input. STATUS_DONE or STATUS_FAILED. Free input->bytes.
int input_read(const struct options *options, const char *path, struct input *input);
// Adds a file to a profile, each type times its scale (NULL: 1).
int input_add(const struct options *options, const char *path, struct profile *profile, const int64_t *scale);
// All the files as one profile, to be freed by profile_free. NULL: it was said why.
struct profile *input_merge(const struct options *options);
// Says which sample types a merge of these files has left out.
void input_say_left_out(const struct options *options, const struct profile *profile);
// Says what a merge_fault means for the file. Returns STATUS_FAILED.
int input_say_fault(const struct options *options, const char *path, const struct merge_fault *fault);

#endif
