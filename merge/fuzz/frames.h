// frames.h: several profiles in one fuzzer input, each preceded by its length as a varint. Threads: one. Memory: static.
#ifndef CMEMPROF_MERGE_FUZZ_FRAMES_H
#define CMEMPROF_MERGE_FUZZ_FRAMES_H

#include "mutate.h"
#include "varint.h"

#define MAX_FRAMES 8

struct frames {
    struct span items[MAX_FRAMES];
    size_t count;
};

// Bytes after the last whole frame and frames beyond MAX_FRAMES are ignored.
struct frames frames_split(const uint8_t *data, size_t size);
// Mutates, adds, copies, removes or moves one frame, in place.
size_t frames_mutate(uint8_t *data, size_t size, size_t max_size, struct random *random);

#endif
