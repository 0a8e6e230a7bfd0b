// snapshot.h: DIR/index.memory, the index's memory as the program that ended left it: a start with a million uploads takes half a second.
//
// It is good only if nothing has changed since: index.sqlite has the inode, size and times of change that it had, without a journal beside
// it, no entry of uploads/ has come or gone, and none had while the program ran but by itself. Then the index need not be checked for
// damage, nor be compared with uploads/. It is removed as soon as it has been read, so a program that is killed leaves none.
//
// Threads: any, one at a time. Memory: that of the catalog.
#ifndef CMEMPROF_RECEIVER_SNAPSHOT_H
#define CMEMPROF_RECEIVER_SNAPSHOT_H

#include "../index/catalog.h"

struct snapshot {
    FILE *file; // NULL: there is none that is good
    struct search_stamp *stamp;
};
// Of the data directory and uploads/, open directories. Call before the index is opened.
void snapshot_open(int directory, int uploads, struct snapshot *snapshot);
// Loads the catalog's memory. Returns false, and nothing is loaded, if there is no good one.
bool snapshot_load(struct snapshot *snapshot, struct catalog *catalog);
void snapshot_close(int directory, struct snapshot *snapshot); // removes it
struct store;
// Behind catalog_shut. Returns false if there is none now.
bool snapshot_save(struct store *store);

#endif
