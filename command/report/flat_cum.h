// flat_cum.h: sums profiles by function, line, source file or package, or by stack.
//
// Each row has two sums for each side of a comparison: flat, of samples with it at the leaf, and cum, of samples with it anywhere on the
// stack (a recursive function once per sample).
//
// Threads: one. Memory: malloc, by distinct functions and stacks, not by samples and frames. Points into the profiles.
#ifndef CMEMPROF_FLAT_CUM_H
#define CMEMPROF_FLAT_CUM_H

#include "sample_frames.h"

enum flat_cum_side { FLAT_CUM_NEW, FLAT_CUM_BASE, FLAT_CUM_SIDES };
enum flat_cum_memory { FLAT_CUM_ALL, FLAT_CUM_C, FLAT_CUM_GO };
enum flat_cum_owner { FLAT_CUM_ANY_OWNER, FLAT_CUM_PROGRAM, FLAT_CUM_PROFILER }; // profile_sample_is_own

// Sums of one frame id, or with by_stack of one stack of ids.
struct flat_cum_row {
    uint32_t first, count; // range of ids, leaf first; count 0: samples without a stack
    int64_t flat[FLAT_CUM_SIDES], cum[FLAT_CUM_SIDES], objects[FLAT_CUM_SIDES];
    uint64_t mark; // the last sample counted
};

struct flat_cum {
    bool by_stack;
    enum flat_cum_memory memory;
    enum flat_cum_owner owner;
    struct frame_table frames; // by, filter: set by the user
    struct flat_cum_row *rows;
    uint32_t *ids; // frame ids of all rows
    size_t row_count, row_capacity, id_count, id_capacity;
    int64_t go_total[FLAT_CUM_SIDES], c_total[FLAT_CUM_SIDES]; // of all samples of the owner, without the filter
    int64_t objects[FLAT_CUM_SIDES];                           // of selected samples
    struct intern stacks;                                      // row + 1
    uint32_t *row_of;                                          // row of each frame id
    struct sample_frames sample;                               // the current sample
    size_t row_of_capacity;
    uint64_t mark;
};

// Initializes sums; memory and owner select everything.
void flat_cum_start(struct flat_cum *sums, bool by_stack, enum frame_by by, const struct filter *filter);
// Adds every sample of a profile to a side. objects: index of the sample type that counts objects, or -1.
enum merge_error flat_cum_add(struct flat_cum *sums, enum flat_cum_side side, struct profile *profile, int type, int objects);
// Whether the sample is of the memory and owner.
bool flat_cum_matches(enum flat_cum_memory memory, enum flat_cum_owner owner, const struct profile_sample_view *sample);
// The row's frame i < row->count, leaf first.
const struct profile_frame *flat_cum_frame(const struct flat_cum *sums, const struct flat_cum_row *row, size_t i);
void flat_cum_free(struct flat_cum *sums);

#endif
