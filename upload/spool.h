// spool.h: a directory of batches that could not be sent, one file each, which survives the process.
//
// A file is written under another name, synced, then renamed, and the directory is synced: a batch is there as a whole or not at all, also
// after a power cut. Names begin with a running number, so their order is that of the batches, whatever the clock does. Nothing is
// remembered of the directory: each call looks at it. So several processes may share one: whoever sends a file, or writes it, holds its
// lock (flock), which the kernel lets go when the process ends, however it ends. Files with other names are never touched.
//
// Threads: one at a time for each spool. Memory: malloc, for the list of names and one batch. SIGXFSZ is kept away (signal_guard.h).
#ifndef CMEMPROF_UPLOAD_SPOOL_H
#define CMEMPROF_UPLOAD_SPOOL_H

#include "batch.h"
#include "namespace.h"
#include "upload.h"

struct upload_spool;

// Makes the directory if it is not there, and deletes what processes left half written. NULL: no memory (*cause 0), or an errno. What is
// deleted is added to counts, here and in all that follows.
struct upload_spool *upload_spool_open(const char *directory, uint64_t max_bytes, struct upload_counts *counts, int *cause);
void upload_spool_close(struct upload_spool *spool); // NULL is fine

// 0, or an errno: then nothing of it is there. Deletes the oldest files to make room; EFBIG: the batch alone is larger than the spool.
int upload_spool_add(struct upload_spool *spool, const struct upload_batch *batch, struct upload_counts *counts);

// The oldest batch behind the one that was put off last; else the oldest. It is locked until upload_spool_done or upload_spool_leave.
// NULL: there is none; *others then tells if files are there that others have locked or that cannot be read now.
struct upload_batch *upload_spool_take(struct upload_spool *spool, struct upload_counts *counts, bool *others);
void upload_spool_done(struct upload_spool *spool, struct upload_batch *batch); // deletes its file
// Keeps its file. put_off: the others come first.
void upload_spool_leave(struct upload_spool *spool, struct upload_batch *batch, bool put_off);
bool upload_spool_is_empty(struct upload_spool *spool);

#endif
