// spool.h: a directory of batches that wait for the server, one file each, which survives the process.
//
// A file is written under another name, synced, then renamed, and the directory is synced: a batch is there as a whole or not at all, also
// after a power cut. Names begin with a running number, so their order is that of the batches, whatever the clock does. Several processes
// may share a directory: whoever sends a file, or writes it, holds its lock (flock), which the kernel lets go when the process ends,
// however it ends. So a list of the files that was read a while ago is only a list of what may be there. Files with other names are never
// touched.
//
// The directory must be one that only this user, a group of this process, and root can write into.
//
// Threads: one at a time for each spool. Memory: malloc, for the names of SPOOL_LIST_FILES files and one batch. SIGXFSZ is kept away
// (signal_guard.h).
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

// 0, or an errno: then nothing of it is there. The batch has its file then, and the lock, until upload_spool_done or upload_spool_leave.
// Deletes the oldest files to make room, but none that is locked; EFBIG: the batch alone is larger than the spool.
int upload_spool_add(struct upload_spool *spool, struct upload_batch *batch, struct upload_counts *counts);

// The oldest batch behind the one that was taken or put off last; behind the newest comes the oldest. Locked, as by upload_spool_add.
// NULL: there is none; *others then tells if files are there that others have locked or that cannot be read now.
struct upload_batch *upload_spool_take(struct upload_spool *spool, struct upload_counts *counts, bool *others);
// Deletes its file. 0, or an errno: it is still there, and nothing is taken any more until something could be written.
int upload_spool_done(struct upload_spool *spool, struct upload_batch *batch);
// Keeps its file, for others too. put_off: the ones behind it come first; else it comes again.
void upload_spool_leave(struct upload_spool *spool, struct upload_batch *batch, bool put_off);
// The server has failed at it: its strikes (spool_suspects.h).
unsigned upload_spool_fail(struct upload_spool *spool, const struct upload_batch *batch, const struct upload_counts *counts);

#endif
