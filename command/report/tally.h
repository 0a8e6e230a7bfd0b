// tally.h: adds up profiles by function, line, source file or package, and by stack.
//
// Of every thing there are two sums, one for each side of a comparison: what is on top of the stack there (flat), and what is anywhere on
// the stack (cumulative, a recursive function once a sample).
// Threads: one. Memory: malloc, by distinct functions and stacks, not by samples and frames; points into the profiles.
#ifndef CMEMPROF_TALLY_H
#define CMEMPROF_TALLY_H

#include "sample_frames.h"

enum tally_side { TALLY_NEW, TALLY_BASE, TALLY_SIDES };
enum tally_memory { TALLY_ALL, TALLY_C, TALLY_GO };
enum tally_owner { TALLY_ANYONES, TALLY_PROGRAMS, TALLY_PROFILERS }; // profile_sample_is_own

// Sums of one thing. A thing is a frame's number, or with by_stack a stack of them.
struct tally_row {
    uint32_t first, count; // of ids, leaf first; 0 frames: samples without a stack
    int64_t flat[TALLY_SIDES], total[TALLY_SIDES], objects[TALLY_SIDES];
    uint64_t mark; // the last sample that had it
};

struct tally {
    bool by_stack;
    enum tally_memory memory;
    enum tally_owner owner;
    struct frame_table frames; // by, filter: set by the user
    struct tally_row *rows;
    uint32_t *ids; // of stacks
    size_t row_count, row_capacity, id_count, id_capacity;
    int64_t go_total[TALLY_SIDES], c_total[TALLY_SIDES]; // of all samples of the owner, whatever the filter says
    int64_t objects[TALLY_SIDES];                        // of those that count
    struct id_set stacks;
    uint32_t *row_of;            // row of each frame's number
    struct sample_frames sample; // that is added
    size_t row_of_capacity;
    uint64_t mark;
};

// Begins with everything else 0.
void tally_start(struct tally *tally, bool by_stack, enum frame_by by, const struct filter *filter);
// Adds every sample of a profile to a side. objects: index of the type that counts, or -1.
enum merge_error tally_add(struct tally *tally, enum tally_side side, struct profile *profile, int type, int objects);
// Whether the sample is of that memory and owner.
bool tally_is_of(enum tally_memory memory, enum tally_owner owner, const struct profile_sample_view *sample);
// i < row->count.
const struct profile_frame *tally_frame(const struct tally *tally, const struct tally_row *row, size_t i);
void tally_free(struct tally *tally);

#endif
