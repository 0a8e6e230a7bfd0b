// sample_frames.h: the frames of a sample that the filter keeps, as ids of a frame table.
//
// Threads: one. Memory: malloc, for the longest stack.
#ifndef CMEMPROF_SAMPLE_FRAMES_H
#define CMEMPROF_SAMPLE_FRAMES_H

#include "frame_table.h"

struct sample_frames {
    uint32_t *ids, *indexes; // of kept frames, leaf first: id, and index in the sample
    unsigned *bits;
    size_t count, capacity;
};

// Returns whether the sample is selected. On failure returns false with table->error set.
bool sample_frames_read(struct sample_frames *frames, struct frame_table *table, const struct profile_sample_view *sample);
void sample_frames_free(struct sample_frames *frames);

#endif
