// top.h: a text table of the largest entries of a profile, or of the largest changes between two.
//
// By stack, samples whose stacks have the same functions share a row, whatever their lines. C samples have the label memory=C.
//
// Threads: one. Memory: that of struct flat_cum; a struct top points into its profiles, so it must be freed first.
#ifndef CMEMPROF_TOP_H
#define CMEMPROF_TOP_H

#include "flat_cum.h"

#include <stdio.h>

struct top_options {
    const char *type; // a name, or an index in digits; NULL: the default (profile_sample_type_chosen)
    enum flat_cum_memory memory;
    enum flat_cum_owner owner;
    bool by_stack;
    enum frame_by by;
    const char *group_by;        // for the heading by label: the key. The profiles are grouped by it already
    bool by_cum;                 // sort by cum instead of flat
    const struct filter *filter; // NULL: none
    size_t lines;                // maximum number of rows
    size_t depth;                // maximum frames of a stack to print; 0: all of the program's
    bool exact;                  // plain numbers and full names
    bool json;                   // for programs
    const char *shown_in;        // unit of all values; NULL: chosen for each value
    bool of_new;                 // for two profiles: percentages are of the new one, not of the base
    bool not_of_go;              // of recordings of Java: memory is neither Go's nor C's
    char note[64];               // printed after the total of a gauge: "mean of 3 files"; "": none
};

struct top {
    const char *type, *unit, *shown_in, *group_by;
    bool difference, has_objects, exact, of_new;
    bool not_of_go;
    bool colours; // set by the caller of top_print: with escape sequences
    char note[64];
    size_t depth;
    struct flat_cum sums;
    const struct flat_cum_row **rows; // largest first
    size_t count, count_all;
};

// new - base, saturating.
int64_t top_difference(int64_t new, int64_t base);
// Values of a row: of the new profile, or for two profiles the change.
int64_t top_flat(const struct top *top, const struct flat_cum_row *row);
int64_t top_cum(const struct top *top, const struct flat_cum_row *row);
int64_t top_objects(const struct top *top, const struct flat_cum_row *row);

// base NULL: one profile. Returns MERGE_NOT_FOUND if a profile lacks the sample type. Call top_free only after MERGE_OK.
enum merge_error top_build(struct profile *profile, struct profile *base, const struct top_options *options, struct top *top);
void top_free(struct top *top);
// All figures plain, for programs: docs/command.md has the members. MERGE_NO_MEMORY: nothing is printed.
enum merge_error top_json(const struct top *top, FILE *out);
// width: of a line, in columns.
void top_print(const struct top *top, size_t width, FILE *out);

#endif
