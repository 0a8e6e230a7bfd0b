// top.h: the largest stacks or functions of a profile, as a text table.
//
// Samples whose stacks have the same functions are one row, whatever lines they stand on. C samples are those with the label memory=C.
// Threads: one. Memory: malloc; a struct top points into the profile it was made of, so it is freed first.
#ifndef CMEMPROF_TOP_H
#define CMEMPROF_TOP_H

#include "../merge/merge.h"

#include <stdio.h>

enum top_memory { TOP_ALL, TOP_C, TOP_GO };

struct top_options {
    const char *type; // NULL: inuse_space if the profile has it, else its default
    enum top_memory memory;
    bool by_function;
    size_t lines; // rows to keep
};

struct top_row {
    const struct profile_frame *frames; // leaf first; one frame by function
    size_t frame_count;
    int64_t value;   // of the stack; by function: where the function is the leaf
    int64_t total;   // by function: where it is anywhere on the stack
    int64_t objects; // of the companion type, if there is one
};

struct top {
    const char *type, *unit;
    bool by_function, has_objects;
    enum top_memory memory;
    int64_t go_total, c_total, objects;
    struct top_row *rows; // largest first
    size_t count, count_all;
    struct profile_frame *frames; // what rows point to
};

// MERGE_NOT_FOUND: no such sample type.
enum merge_error top_build(struct profile *profile, const struct top_options *options, struct top *top);
void top_free(struct top *top);
// width: columns a line may take.
void top_print(const struct top *top, size_t width, FILE *out);
// A text out of a profile, for a terminal: control characters, which could reprogram it, become '?'. All such texts go through here.
void top_put_text(const char *text, FILE *out);

#endif
