// whole_file.h: reads a stored file whose size the index knows.
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_WHOLE_FILE_H
#define CMEMPROF_RECEIVER_WHOLE_FILE_H

#include "error.h"

#include <stddef.h>

// RECEIVER_IO also when it is shorter than that.
enum receiver_error whole_file_read(int file, void *bytes, size_t size);

#endif
