// archive.h: all files of an upload as one tar file, read from disk as it is sent.
//
// Plain ustar: a block of 512 bytes with name and size, the file padded to whole blocks, two empty blocks at the end. event.json comes
// first, then meta.json if there is one, which holds what the event lacks. An attachment has its own name if that is harmless and unique
// ignoring case, else that of its file on disk (N-NAME), which no attachment may have as its own.
//
// Threads: one at a time. Memory: malloc, some KB, whatever the size of the files, and those of a packed upload.
#ifndef CMEMPROF_RECEIVER_ARCHIVE_H
#define CMEMPROF_RECEIVER_ARCHIVE_H

#include "store.h"

#include <sys/types.h>

struct archive;
// Opens all files, so that retention may remove them meanwhile. RECEIVER_NOT_FOUND; RECEIVER_DAMAGED: a file is missing.
enum receiver_error archive_open(struct store *store, int64_t id, struct archive **archive);
size_t archive_memory(const struct archive *archive); // of packed files, which are in memory until it is freed
uint64_t archive_size(const struct archive *archive);
// Returns the count of bytes read, 1 to size; 0: the end; -1: a file cannot be read, or has become shorter.
ssize_t archive_read(struct archive *archive, char *bytes, size_t size);
void archive_free(struct archive *archive);

#endif
