// code_weights.h: what each address of some functions has of its own and in all.
//
// A sample counts for an address in all if the address is in its stack, however often, and as its own if it is the innermost one. So what
// inlined functions have counts for the instruction that they were compiled to. Addresses are offsets in their file, and files with one
// build ID are one: it does not matter where they were loaded.
//
// Threads: one. Memory: malloc, 56 bytes for each distinct address and as much again; points into the profile, which must outlive it.
#ifndef CMEMPROF_RECEIVER_CODE_WEIGHTS_H
#define CMEMPROF_RECEIVER_CODE_WEIGHTS_H

#include "../../merge/merge.h"

struct code_weight {
    const char *file, *build_id; // of the mapping
    uint64_t offset;
    int64_t line, self, total; // line: in the source, of the function that was asked for; 0: unknown
};
struct code_weights {
    struct code_weight *items;
    size_t count, capacity;
};

// Whether the function is asked for.
typedef bool code_weights_wanted(const void *context, const struct profile_frame *frame);

// Zero-initialise. frames may be fewer than the sample's. False: no memory.
bool code_weights_add(struct code_weights *weights, const struct profile_sample_view *sample, int64_t value, code_weights_wanted *wanted,
                      const void *context);
// By file, and there by offset. Must be the last.
void code_weights_sort(struct code_weights *weights);
// Whether two are of one file.
bool code_weights_alike(const struct code_weight *a, const struct code_weight *b);
void code_weights_free(struct code_weights *weights);

#endif
