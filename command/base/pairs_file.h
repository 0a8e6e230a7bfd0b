// pairs_file.h: reads files of functions that open and close (receiver/views/owner_pairs.h).
//
// Threads: one. Memory: that of the pairs.
#ifndef CMEMPROF_COMMAND_PAIRS_FILE_H
#define CMEMPROF_COMMAND_PAIRS_FILE_H

#include "../../receiver/views/owner_pairs.h"

// Adds the pairs of a file, or "-", to *pairs, which it makes if it is NULL; the caller frees it in any case. Returns STATUS_DONE, or
// STATUS_FAILED after an error message.
int pairs_file_read(const char *command, const char *path, struct owner_pairs **pairs);

#endif
