// store_directory.h: what the files of the store share: store.c, pending_upload.c, group_commit.c, maintenance.c, rebuild.c. For those
// only.
#ifndef CMEMPROF_RECEIVER_STORE_DIRECTORY_H
#define CMEMPROF_RECEIVER_STORE_DIRECTORY_H

#include "../base/durability.h"
#include "../base/failure.h"
#include "group_commit.h"
#include "store.h"

#include <pthread.h>

struct store {
    struct catalog *catalog;
    pthread_mutex_t uploads_lock; // held while uploads are removed, and while the index is made again from them
    struct store_options options;
    int directory, incoming, uploads; // open directories
    int lock;                         // held by flock
    enum durability durability;       // for group_commit.c
    char *path, *index;               // of the directory, and of index.sqlite in it
    char note[400];
    struct group_commit *group_commit;
    struct maintenance *maintenance;
    void (*on_new)(void *context, int64_t id);
    void *on_new_context;
};

// Removes directory/name with all files in it (no deeper: there is nothing deeper).
void store_remove_directory(int directory, const char *name);
// The number in a name of uploads/; 0: it is not one of ours.
int64_t store_id_of(const char *name);
int64_t store_now_ms(void);
// By group commit, when the index turned out to be damaged: puts it aside and makes it again from the files, as at a start.
enum receiver_error store_repair(struct store *store);

// ---- maintenance.c: a thread that removes what is over the retention, and works out measures of new uploads ----

struct maintenance *maintenance_start(struct store *store); // also in store->maintenance; NULL: no memory
void maintenance_stop(struct maintenance *maintenance);     // ends the thread; NULL is fine, and a second time
void maintenance_free(struct maintenance *maintenance);     // NULL is fine
void maintenance_wake(struct maintenance *maintenance);     // there is something new; from any thread

// ---- rebuild.c: the index from the files ----

// Adds a directory of uploads/ to the index, inside a transaction. RECEIVER_NOT_FOUND: it is no upload (no event.json that can be read).
enum receiver_error rebuild_upload(struct store *store, struct catalog *catalog, struct upload_event_reader *reader, int64_t id);
// Adds all that the index, which is open and loaded or empty, does not have, and drops rows whose files are gone.
enum receiver_error rebuild_missing(struct store *store, struct catalog *catalog, size_t *added, size_t *dropped);

#endif
