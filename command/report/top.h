// top.h: what weighs most in a profile, or has changed most between two, as a text table.
//
// By stack, samples whose stacks have the same functions are one row, whatever lines they stand on. C samples are those with the label
// memory=C. Threads: one. Memory: that of struct flat_cum; a struct top points into the profiles it was made of, so it is freed first.
#ifndef CMEMPROF_TOP_H
#define CMEMPROF_TOP_H

#include "flat_cum.h"

#include <stdio.h>

struct top_options {
    const char *type; // a name, or an index in digits; NULL: the one that is shown (merge.h)
    enum flat_cum_memory memory;
    enum flat_cum_owner owner;
    bool by_stack;
    enum frame_by by;
    bool by_cum;                 // order: by what is anywhere on the stack, not by what is on top of it
    const struct filter *filter; // NULL: none
    size_t lines;                // rows to keep
    size_t depth;                // most frames of a stack to print; 0: all of the program's
    bool exact;                  // plain numbers and whole names
    const char *shown_in;        // unit that values are shown in; NULL: what suits each
    bool of_new;                 // of two profiles: percentages are of the new one, not of the base
    char note[64];               // what is said of a gauge behind its sum: "mean of 3 files"; "": nothing
};

struct top {
    const char *type, *unit, *shown_in;
    bool difference, has_objects, exact, of_new;
    char note[64];
    size_t depth;
    struct flat_cum sums;
    const struct flat_cum_row **rows; // largest first
    size_t count, count_all;
};

// new - base, which saturates.
int64_t top_difference(int64_t new, int64_t base);
// What a row weighs: of the new profile, or how much more than in the base.
int64_t top_flat(const struct top *top, const struct flat_cum_row *row);
int64_t top_cum(const struct top *top, const struct flat_cum_row *row);
int64_t top_objects(const struct top *top, const struct flat_cum_row *row);

// base NULL: of one profile. MERGE_NOT_FOUND: no such sample type in one of them. top_free is due after MERGE_OK only.
enum merge_error top_build(struct profile *profile, struct profile *base, const struct top_options *options, struct top *top);
void top_free(struct top *top);
// width: columns a line may take.
void top_print(const struct top *top, size_t width, FILE *out);

#endif
