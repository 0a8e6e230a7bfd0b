// unsample.h: what sampled allocations stand for.
//
// An allocation of s bytes is sampled with p = 1 - exp(-s / interval), so that n samples of together b bytes stand for n / p objects and
// b / p bytes, with s = b / n. As google/pprof and jeprof have it, results are cut to whole numbers. Threads: any. Memory: none.
#ifndef CMEMPROF_FOREIGN_UNSAMPLE_H
#define CMEMPROF_FOREIGN_UNSAMPLE_H

#include <stdint.h>

// interval_bytes 0 or 1: all were sampled.
void unsample(int64_t interval_bytes, int64_t *count, int64_t *bytes);

#endif
