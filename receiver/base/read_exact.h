// read_exact.h: reads a stored file whose size the index knows.
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_READ_EXACT_H
#define CMEMPROF_RECEIVER_READ_EXACT_H

#include "error.h"

#include <stddef.h>

// RECEIVER_IO also when it is shorter than that.
enum receiver_error read_exact(int file, void *bytes, size_t size);

#endif
