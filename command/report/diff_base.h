// diff_base.h: labels the samples of the base of a difference with pprof::base = true, like google/pprof.
//
// `go tool pprof` computes the percentages of a profile with such samples from their sum.
//
// Threads: one. Memory: malloc.
#ifndef CMEMPROF_DIFF_BASE_H
#define CMEMPROF_DIFF_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// raw: an encoded profile, not compressed. *labelled: a copy with the label on every sample, which the caller frees. From the first byte
// that is not profile.proto the rest is copied unchanged; the decoder reports it. Returns false without memory.
bool diff_base_mark(const uint8_t *raw, size_t size, uint8_t **labelled, size_t *labelled_size);

#endif
