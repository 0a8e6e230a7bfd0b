// group_commit.h: the thread that makes uploads durable: syncs their files and commits their rows, many at a time.
//
// Whatever waits when it is free becomes one batch: all files are written out, then synced, then one SQLite transaction. Under load a batch
// grows and shares the cost of a commit; alone, an upload does not wait.
//
// If the index turns out to be damaged, here or in a read, this thread rebuilds it from the files (store_repair) while uploads wait. None
// is lost, as the files are the truth.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_GROUP_COMMIT_H
#define CMEMPROF_RECEIVER_GROUP_COMMIT_H

#include "pending_upload.h"

enum { GROUP_COMMIT_MAX_UPLOADS = 64 };

// An upload in flight. pending_upload.c fills it in, with the event read; group commit sets id and error and calls done.
struct commit {
    struct commit *next;
    char directory_name[24]; // below incoming/
    int directory;           // open
    struct catalog_new upload;
    uint64_t added_ns; // of the monotonic clock
    bool kept;
    enum receiver_error error;
    char reason[200];
    pending_upload_done done;
    void *context;
};

struct group_commit;
struct group_commit *group_commit_start(struct store *store); // NULL: no memory
void group_commit_stop(struct group_commit *group);           // drains the queue first; NULL and a second call are allowed
void group_commit_free(struct group_commit *group);           // NULL is allowed
// Once stopped, calls done at once, with RECEIVER_BUSY.
void group_commit_add(struct group_commit *group, struct commit *commit);

#endif
