// spool.h: a directory of unsent batches, one file each, which survives the process.
//
// A file is written atomically, even across a power failure: under a temporary name, synced, renamed, then the directory is synced. Names
// begin with a sequence number, so their order is that of the batches, independent of the clock. Several processes may share a directory:
// the process that sends or writes a file holds its lock (flock), which the kernel releases when the process ends. Other processes may
// thus add and delete files at any time, and a file list is only a hint. Files with other names are never touched.
//
// The directory must be writable only by this user, a group of this process, and root.
//
// Threads: one at a time per spool. Memory: malloc, for SPOOL_LIST_FILES file names and one batch. SIGXFSZ is suppressed
// (signal_guard.h).
#ifndef CMEMPROF_UPLOAD_SPOOL_H
#define CMEMPROF_UPLOAD_SPOOL_H

#include "batch.h"
#include "namespace.h"
#include "upload.h"

struct upload_spool;

// Creates the directory if it does not exist, and deletes partial files of ended processes. NULL: no memory (*cause is 0), or *cause is an
// errno. All functions add the files they delete to counts.
struct upload_spool *upload_spool_open(const char *directory, uint64_t max_bytes, struct upload_counts *counts, int *cause);
void upload_spool_close(struct upload_spool *spool); // spool may be NULL

// Returns 0, or an errno if nothing was written. On success the batch holds its locked file until upload_spool_done or upload_spool_leave.
// Deletes the oldest unlocked files to free space. EFBIG: the batch alone exceeds the spool's limit.
int upload_spool_add(struct upload_spool *spool, struct upload_batch *batch, struct upload_counts *counts);

// Reserves space on disk for an urgent batch of up to so many bytes. Returns 0, or an errno: there is none. Nothing to do if there is some.
int upload_spool_reserve(struct upload_spool *spool, uint64_t bytes);
// As upload_spool_add, into the space reserved if the batch fits: without a list of the directory, and visible before it is synced. The
// space is then used up.
int upload_spool_add_urgent(struct upload_spool *spool, struct upload_batch *batch, struct upload_counts *counts);

// Takes the oldest batch after the one last taken or put off, wrapping around after the newest. Locked, as by upload_spool_add.
// NULL: none; *others then says whether there are files that other processes hold or that cannot be read now.
struct upload_batch *upload_spool_take(struct upload_spool *spool, struct upload_counts *counts, bool *others);
// Deletes the batch's file. Returns 0, or an errno: the file remains, and nothing is taken until a write succeeds.
int upload_spool_done(struct upload_spool *spool, struct upload_batch *batch);
// Unlocks the batch's file and keeps it. put_off: later files are taken first, and spool may be NULL; else it is taken again.
void upload_spool_leave(struct upload_spool *spool, struct upload_batch *batch, bool put_off);
// Records that the server failed at the batch. Returns its strikes (spool_suspects.h).
unsigned upload_spool_fail(struct upload_spool *spool, const struct upload_batch *batch, const struct upload_counts *counts);

#endif
