// sample_frames.h: the frames of a sample that count, as numbers of a frame table.
//
// Threads: one. Memory: malloc, for the longest stack.
#ifndef CMEMPROF_SAMPLE_FRAMES_H
#define CMEMPROF_SAMPLE_FRAMES_H

#include "frame_table.h"

struct sample_frames {
    uint32_t *ids, *indexes; // numbers of those that count, leaf first, and which frames of the sample they are
    unsigned *bits;
    size_t count, capacity;
};

// True: the sample counts. False: it does not, or table->error tells.
bool sample_frames_read(struct sample_frames *frames, struct frame_table *table, const struct profile_sample_view *sample);
void sample_frames_free(struct sample_frames *frames);

#endif
