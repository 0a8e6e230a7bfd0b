// diff_base.h: marks the samples of the base of a difference, as google/pprof does: label pprof::base = true. `go tool pprof` takes the
// percentages of a profile with such samples from their sum.
//
// Threads: one. Memory: malloc.
#ifndef CMEMPROF_DIFF_BASE_H
#define CMEMPROF_DIFF_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// raw: an encoded profile, not compressed. The copy has the label on every sample, and is to be freed. What is not profile.proto is copied
// from there on as it is, for the decoder to find. False: no memory.
bool diff_base_mark(const uint8_t *raw, size_t size, uint8_t **labelled, size_t *labelled_size);

#endif
