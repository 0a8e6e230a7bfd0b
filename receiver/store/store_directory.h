// store_directory.h: shared by the files of the store alone: store.c, pending_upload.c, group_commit.c, maintenance.c, rebuild.c.
#ifndef CMEMPROF_RECEIVER_STORE_DIRECTORY_H
#define CMEMPROF_RECEIVER_STORE_DIRECTORY_H

#include "../base/counters.h"
#include "../base/durability.h"
#include "../base/failure.h"
#include "../index/figures_store.h"
#include "../rollups/rollup_base.h"
#include "event_readers.h"
#include "group_commit.h"
#include "packs.h"
#include "relay_mark.h"
#include "storage.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>

struct store {
    struct catalog *catalog;
    struct rollup_base *rollups;
    pthread_mutex_t
        uploads_lock; // held while uploads are removed, pinned or noted, or a pack takes their place, and while the index is rebuilt
    struct store_options options;
    int directory, incoming, uploads; // open directories
    int lock;                         // locked by flock
    enum durability durability;       // for group_commit.c
    struct cache *conversions;        // of recordings; NULL: no memory for it
    char *path, *index;               // of the directory, and of index.sqlite in it
    char note[900];
    char lost[300];    // what was damaged of the notebook; "": nothing. Until the next start nothing is removed for its age
    bool is_unchanged; // since the end before: the index's memory is from snapshot.h
    struct event_readers event_readers;
    struct counters counters;
    struct storage_load load;
    char relay_id[RELAY_MARK_ID_BYTES]; // "": it has never forwarded
    struct group_commit *group_commit;
    struct maintenance *maintenance;
    struct packs packs;
    struct packer *packer; // NULL: none
    struct figures_store *figures;
    struct notebook *notebook;
    atomic_bool figures_known; // the catalog knows which uploads have theirs kept
    void (*on_new)(void *context, int64_t id);
    void *on_new_context;
};

// Removes directory/name with all files in it (not recursive: there are no directories in it).
void store_remove_directory(int directory, const char *name);
// Moves the directory of an upload below incoming/, where its name is `below` then. False: errno; ENOENT: it has none.
bool store_move_out(struct store *store, int64_t id, char below[24]);
// The directory of an upload, if it has one: out of uploads/ as a whole, so that after a crash no upload lacks files.
void store_remove_upload_directory(struct store *store, int64_t id);
bool store_has_directory(const struct store *store, int64_t id); // or what is no directory, and cannot be read
// The number in a name of uploads/; 0: not an upload.
int64_t store_id_of(const char *name);
int64_t store_now_ms(void);
// Makes what was renamed into uploads/ outlive a power cut. 0, or -1 with errno.
int store_sync_names(const struct store *store);
// Called by group commit when the index is damaged: puts it aside and rebuilds it from the files, as at a start.
enum receiver_error store_repair(struct store *store);

// ---- maintenance.c: a thread for retention, and the measures and figures of new uploads ----

struct maintenance *maintenance_start(struct store *store); // also in store->maintenance; NULL: no memory
void maintenance_stop(struct maintenance *maintenance);     // ends the thread; NULL and a second call are allowed
void maintenance_free(struct maintenance *maintenance);     // NULL is allowed
void maintenance_wake(struct maintenance *maintenance);     // there is work; from any thread

// ---- rebuild.c: the index from the files ----

// Adds a directory of uploads/ to the index, within a transaction. RECEIVER_NOT_FOUND: no upload (no readable event.json).
enum receiver_error rebuild_upload(struct store *store, struct catalog *catalog, struct upload_event_reader *reader, int64_t id);
// Adds all uploads that the index (open, and loaded or empty) lacks, and drops rows whose files are gone.
enum receiver_error rebuild_missing(struct store *store, struct catalog *catalog, size_t *added, size_t *dropped);
bool rebuild_is_needless(struct store *store); // uploads/ has a directory for each upload of the index in memory, and no other one

#endif
