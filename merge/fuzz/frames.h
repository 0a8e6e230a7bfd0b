// frames.h: several profiles in one input of the fuzzer: each has its length before it, as a varint. Threads: one. Memory: static.
#ifndef CMEMPROF_MERGE_FUZZ_FRAMES_H
#define CMEMPROF_MERGE_FUZZ_FRAMES_H

#include "mutate.h"
#include "varint.h"

#define MAX_FRAMES 8

struct frames {
    struct span items[MAX_FRAMES];
    size_t count;
};

// Bytes after the last whole frame are ignored, frames above MAX_FRAMES too.
struct frames frames_split(const uint8_t *data, size_t size);
// In place: changes, adds, copies, removes or moves one of them.
size_t frames_mutate(uint8_t *data, size_t size, size_t max_size, struct random *random);

#endif
