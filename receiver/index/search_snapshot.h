// search_snapshot.h: the uploads in memory (search.h) as a file, so that a start reads 50 bytes an upload rather than its row.
//
// The file is for the machine that wrote it: numbers are as they are in memory. It is a copy of what the index has, and good only for the
// index that it was made of, which the caller's stamp identifies.
//
// Threads: as the search. Memory: a chunk.
#ifndef CMEMPROF_RECEIVER_SEARCH_SNAPSHOT_H
#define CMEMPROF_RECEIVER_SEARCH_SNAPSHOT_H

#include "search.h"

#include <stdio.h>

enum { SEARCH_STAMP_BYTES = 128 };
struct search_stamp {
    char bytes[SEARCH_STAMP_BYTES];
};
// Writes to the file's position. Returns false if it cannot.
bool search_snapshot_write(const struct search *search, const struct search_stamp *stamp, FILE *out);
// Replaces what is in memory; keeps the limit. Returns false, and the search is empty, if the file is not whole, of another version, of
// another stamp, or larger than the limit; or without memory.
bool search_snapshot_read(struct search *search, const struct search_stamp *stamp, FILE *in);

#endif
