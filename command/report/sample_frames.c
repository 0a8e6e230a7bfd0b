// sample_frames.c: looks up and filters the frames of a sample (sample_frames.h).
#include "sample_frames.h"

#include <stdlib.h>

static bool reserve(struct sample_frames *frames, size_t count) {
    if (count <= frames->capacity) {
        return true;
    }
    sample_frames_free(frames);
    size_t larger = 2 * count;
    frames->ids = malloc(larger * sizeof *frames->ids);
    frames->indexes = malloc(larger * sizeof *frames->indexes);
    frames->bits = malloc(larger * sizeof *frames->bits);
    frames->capacity = frames->ids && frames->indexes && frames->bits ? larger : 0;
    return frames->capacity > 0;
}

bool sample_frames_read(struct sample_frames *frames, struct frame_table *table, const struct profile_sample_view *sample) {
    if (!reserve(frames, sample->frame_count)) {
        table->error = MERGE_NO_MEMORY;
        return false;
    }
    for (size_t i = 0; i < sample->frame_count; i++) {
        frames->bits[i] = 0;
        frames->ids[i] = frame_table_id(table, &sample->frames[i], &frames->bits[i]);
        if (frames->ids[i] == ID_NONE) {
            return false;
        }
    }
    if (!filter_choose(table->filter, sample, frames->bits, frames->indexes, &frames->count)) {
        return false;
    }
    size_t first = 0;
    while (table->by == FRAME_BY_LABEL && first < frames->count && !sample->frames[frames->indexes[first]].label) {
        first++;
    }
    frames->count -= first;
    for (size_t i = 0; i < frames->count; i++) {
        frames->indexes[i] = frames->indexes[first + i];
        frames->ids[i] = frames->ids[frames->indexes[i]];
    }
    return true;
}

void sample_frames_free(struct sample_frames *frames) {
    free(frames->ids);
    free(frames->indexes);
    free(frames->bits);
    *frames = (struct sample_frames){0};
}
