// read_exact.h: reads a stored file whose size is known from the index. Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_READ_EXACT_H
#define CMEMPROF_RECEIVER_READ_EXACT_H

#include "error.h"

#include <stddef.h>

// Returns RECEIVER_IO also if the file is shorter.
enum receiver_error read_exact(int file, void *bytes, size_t size);

#endif
