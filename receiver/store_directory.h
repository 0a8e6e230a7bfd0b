// store_directory.h: what store.c and incoming.c share, for those two only.
#ifndef CMEMPROF_RECEIVER_STORE_DIRECTORY_H
#define CMEMPROF_RECEIVER_STORE_DIRECTORY_H

#include "failure.h"
#include "store.h"

struct store {
    struct catalog *catalog;
    uint32_t keep_uploads;
    int directory, incoming, uploads; // open directories
    int lock;                         // held by flock
    char *path;
};

// Removes directory/name with all files in it (no deeper: there is nothing deeper).
void store_remove_directory(int directory, const char *name);
// Removes the oldest uploads beyond keep_uploads.
void store_retain(struct store *store);

#endif
