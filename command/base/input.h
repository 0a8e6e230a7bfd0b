// input.h: reads, checks and decodes profile files.
//
// Every failure is reported on standard error, with the file and the byte. Threads: one. Memory: malloc, one file at a time.
#ifndef CMEMPROF_INPUT_H
#define CMEMPROF_INPUT_H

#include "options.h"

enum { INPUT_GAUGES_BYTES = 64 };

struct input {
    uint8_t *bytes; // content of the file, compressed or not
    size_t size;
};

// A path or URL for messages, without secrets. Valid until the next call.
const char *input_name(const char *path);
// Reads a whole file; "-" is standard input, and http:// or https:// a URL. Caller frees input->bytes. Returns STATUS_DONE or
// STATUS_FAILED.
int input_read(const struct options *options, const char *path, struct input *input);
// The same as it is, without making a profile of it.
int input_read_raw(const struct options *options, const char *path, struct input *input);
// The profile's bytes become the input, in the place of what it was made of. The profile is freed in any case.
int input_become(const struct options *options, const char *path, struct profile *profile, struct input *input);
// Adds a file to a profile. scale: factor of each sample type; NULL: 1.
int input_add(const struct options *options, const char *path, struct profile *profile, const int64_t *scale);
// The same for content that was read. *error: status of the decoder; error may be NULL.
int input_add_bytes(const struct options *options, const char *path, const struct input *input, struct profile *profile,
                    const int64_t *scale, enum merge_error *error);
// Merges all files into one profile; options->gauges says how gauges combine. Caller calls profile_free. Returns NULL after an error
// message.
struct profile *input_merge(const struct options *options);
// "mean of 3 files", for tables and comments. "" if gauges are summed, or for one file.
const char *input_gauges_text(const struct options *options, char text[INPUT_GAUGES_BYTES]);
// Prints which sample types the merge of these files left out.
void input_note_left_out(const struct options *options, const struct profile *profile);
// Explains a merge_fault, and what the file is if it is not a profile. Returns STATUS_FAILED.
int input_error(const struct options *options, const char *path, const struct input *input, const struct merge_fault *fault);

#endif
