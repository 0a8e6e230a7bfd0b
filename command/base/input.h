// input.h: profile files in: read whole, checked, decoded.
//
// Threads: one. Memory: malloc, one file at a time. Every failure is said on standard error, with the file and the byte.
#ifndef CMEMPROF_INPUT_H
#define CMEMPROF_INPUT_H

#include "options.h"

enum { INPUT_GAUGES_BYTES = 64 };

struct input {
    uint8_t *bytes; // as they are in the file, compressed or not
    size_t size;
};

// The whole file; "-" is standard input. STATUS_DONE or STATUS_FAILED. Free input->bytes.
int input_read(const struct options *options, const char *path, struct input *input);
// Adds a file to a profile, each type times its scale (NULL: 1).
int input_add(const struct options *options, const char *path, struct profile *profile, const int64_t *scale);
// The same of bytes that were read. error: what the engine said, or NULL.
int input_add_bytes(const struct options *options, const char *path, const struct input *input, struct profile *profile,
                    const int64_t *scale, enum merge_error *error);
// All the files as one profile, to be freed by profile_free; gauges as the options say (input_merge.c). NULL: it was said why.
struct profile *input_merge(const struct options *options);
// "mean of 3 files", for tables and comments; "" if they are added up, or it is one.
const char *input_gauges_text(const struct options *options, char text[INPUT_GAUGES_BYTES]);
// Says which sample types a merge of these files has left out.
void input_note_left_out(const struct options *options, const struct profile *profile);
// Says what a merge_fault means for the file, and what the file is if it is no profile. Returns STATUS_FAILED.
int input_error(const struct options *options, const char *path, const struct input *input, const struct merge_fault *fault);

#endif
