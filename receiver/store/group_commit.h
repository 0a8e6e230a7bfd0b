// group_commit.h: the thread that makes uploads lasting: it syncs their files and commits their rows, many at a time.
//
// Whatever is waiting when it is free becomes one batch: all files written out at once, then synced, then one SQLite transaction. Under
// load a batch grows, and the price of a commit is shared; alone, an upload waits for nobody.
//
// When the index turns out to be damaged, here or by whoever reads it, this thread makes it again from the files (store_repair) while
// uploads wait: their files are what counts, so none is lost.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_GROUP_COMMIT_H
#define CMEMPROF_RECEIVER_GROUP_COMMIT_H

#include "pending_upload.h"

enum { GROUP_COMMIT_MAX_UPLOADS = 64 };

// An upload on its way. pending_upload.c fills it; group commit sets id and error and calls done.
struct commit {
    struct commit *next;
    char directory_name[24]; // below incoming/
    int directory;           // open
    struct catalog_new upload;
    const char *event, *more_tags;
    size_t event_size;
    bool kept;
    enum receiver_error error;
    char reason[200];
    pending_upload_done done;
    void *context;
};

struct group_commit;
struct group_commit *group_commit_start(struct store *store); // NULL: no memory
void group_commit_stop(struct group_commit *group);           // after what waits is done; NULL is fine, and a second time
void group_commit_free(struct group_commit *group);           // NULL is fine
// Once it is stopped, done is called at once, with RECEIVER_BUSY.
void group_commit_add(struct group_commit *group, struct commit *commit);

#endif
