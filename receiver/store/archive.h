// archive.h: all files of an upload as one tar file, read from disk as it is sent.
//
// Plain ustar: a block of 512 bytes that says name and size, the file padded to whole blocks, two empty blocks at the end. First come
// event.json and, if there is one, meta.json, which says what the event does not. An attachment has its own name in there if it is harmless
// as one and no other's in any case of letters, else the name that its file has on disk (N-NAME), which no attachment may have for its own.
//
// Threads: one at a time. Memory: malloc, some KB, whatever the size of the files.
#ifndef CMEMPROF_RECEIVER_ARCHIVE_H
#define CMEMPROF_RECEIVER_ARCHIVE_H

#include "store.h"

#include <sys/types.h>

struct archive;
// Opens all files, so that retention may remove them meanwhile. RECEIVER_NOT_FOUND, RECEIVER_DAMAGED: a file is gone.
enum receiver_error archive_open(struct store *store, int64_t id, struct archive **archive);
uint64_t archive_size(const struct archive *archive);
// The next bytes, 1 to size; 0: the end; -1: a file cannot be read, or has become shorter.
ssize_t archive_read(struct archive *archive, char *bytes, size_t size);
void archive_free(struct archive *archive);

#endif
