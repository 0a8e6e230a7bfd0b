// group_commit.c: group commit of uploads (group_commit.h).
#include "group_commit.h"
#include "../../base/clock.h"
#include "store_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct group_commit {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct commit *first, **last; // guarded by lock, as the next two
    bool stopping, damaged;
};

static void fail(struct commit *commit, enum receiver_error error) {
    if (commit->error == RECEIVER_OK) {
        commit->error = error;
        snprintf(commit->reason, sizeof commit->reason, "%s", receiver_error_text(error));
    }
}

// ---- Files ----

static const char *file_name(const struct commit *commit, size_t i) {
    return i < commit->upload.attachment_count    ? commit->upload.attachments[i].file
           : i == commit->upload.attachment_count ? "event.json"
                                                  : "meta.json";
}

// On network and user file systems a signal may interrupt it.
static int complete(int (*act)(int file), int file) {
    int failed;
    do {
        failed = act(file);
    } while (failed != 0 && errno == EINTR);
    return failed;
}

// Calls act with each file of the upload, open. meta.json is optional.
static void each_file(struct commit *commit, int (*act)(int file)) {
    for (size_t i = 0; commit->error == RECEIVER_OK && i < commit->upload.attachment_count + 2; i++) {
        int file = openat(commit->directory, file_name(commit, i), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0 && errno == ENOENT && i == commit->upload.attachment_count + 1) {
            continue;
        }
        if (file < 0 || complete(act, file) != 0) {
            fail(commit, receiver_error_from_errno(errno));
        }
        if (file >= 0) {
            close(file);
        }
    }
}

// Only starts the write-back; errors are reported later.
static int begin_writing(int file) {
    sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
    return 0;
}

static int wait_written(int file) {
    return sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

// All files first, so that the disk gets all the work at once. A sync of each would flush the disk's cache nine times per upload, and many
// disks do that 300 times a second. Where one call commits all metadata (store_sync_names), it is enough that the data is written out (as
// git's core.fsyncMethod=batch). Elsewhere each file and directory is synced.
static void sync_files(struct store *store, struct commit *batch) {
    for (struct commit *commit = batch; commit; commit = commit->next) {
        each_file(commit, begin_writing);
    }
    for (struct commit *commit = batch; commit; commit = commit->next) {
        each_file(commit, store->durability == DURABILITY_EACH_FILE ? fdatasync : wait_written);
        if (store->durability == DURABILITY_EACH_FILE && commit->error == RECEIVER_OK && complete(fsync, commit->directory) != 0) {
            fail(commit, receiver_error_from_errno(errno));
        }
    }
}

// ---- Rows ----

static enum receiver_error move_into_place(struct store *store, const struct commit *commit) {
    char name[24];
    snprintf(name, sizeof name, "%" PRId64, commit->upload.id);
    return renameat(store->incoming, commit->directory_name, store->uploads, name) == 0 ? RECEIVER_OK : receiver_error_from_errno(errno);
}

// Back to incoming/, where it is removed.
static void move_back(struct store *store, const struct commit *commit) {
    char name[24];
    snprintf(name, sizeof name, "%" PRId64, commit->upload.id);
    renameat(store->uploads, name, store->incoming, commit->directory_name);
}

static enum receiver_error insert(struct store *store, struct commit *commit) {
    commit->upload.id = catalog_next_id(store->catalog);
    enum receiver_error error = catalog_insert(store->catalog, &commit->upload);
    if (error == RECEIVER_OK) {
        error = move_into_place(store, commit);
        commit->kept = error == RECEIVER_OK;
    }
    return error;
}

// Called after the renames. DURABILITY_EACH_FILE needs incoming/ synced too: else the old name may survive a power cut, and the next start
// removes what is below incoming/.
int store_sync_names(const struct store *store) {
    if (store->durability == DURABILITY_SYNCFS && complete(syncfs, store->uploads) != 0) {
        return -1;
    }
    int failed = complete(fsync, store->uploads);
    return failed == 0 && store->durability == DURABILITY_EACH_FILE ? complete(fsync, store->incoming) : failed;
}

// One transaction: all, or none if the disk is full or the index damaged.
static enum receiver_error commit_rows(struct store *store, struct commit *batch) {
    enum receiver_error error = catalog_begin(store->catalog);
    bool begun = error == RECEIVER_OK;
    for (struct commit *commit = batch; error == RECEIVER_OK && commit; commit = commit->next) {
        if (commit->error == RECEIVER_OK) {
            error = insert(store, commit);
        }
    }
    if (error == RECEIVER_OK && store_sync_names(store) != 0) {
        error = receiver_error_from_errno(errno);
    }
    if (begun) {
        enum receiver_error ended = catalog_end(store->catalog, error == RECEIVER_OK);
        error = error == RECEIVER_OK ? ended : error;
    }
    for (struct commit *commit = batch; error != RECEIVER_OK && commit; commit = commit->next) {
        if (commit->kept) {
            move_back(store, commit);
            commit->kept = false;
        }
    }
    return error;
}

static void publish(struct store *store, struct commit *batch) {
    for (struct commit *commit = batch; commit; commit = commit->next) {
        if (commit->error == RECEIVER_OK) {
            enum receiver_error published = catalog_publish(store->catalog, &commit->upload);
            if (published != RECEIVER_OK) {
                fail(commit, published); // it is stored, and visible after the next start
            }
        }
    }
}

static void on_damage(void *state) {
    struct group_commit *group = state;
    pthread_mutex_lock(&group->lock);
    group->damaged = true;
    pthread_cond_signal(&group->wake);
    pthread_mutex_unlock(&group->lock);
}

// Damage reported while it was closed is not of the new one.
static enum receiver_error repair(struct group_commit *group) {
    enum receiver_error error = store_repair(group->store);
    pthread_mutex_lock(&group->lock);
    group->damaged = false;
    pthread_mutex_unlock(&group->lock);
    return error;
}

static void commit_batch(struct group_commit *group, struct commit *batch) {
    enum receiver_error error = commit_rows(group->store, batch);
    if (error == RECEIVER_BAD_INDEX) {
        error = repair(group);
        error = error == RECEIVER_OK ? commit_rows(group->store, batch) : error;
    }
    if (error == RECEIVER_OK) {
        publish(group->store, batch);
    }
    for (struct commit *commit = batch; error != RECEIVER_OK && commit; commit = commit->next) {
        fail(commit, error);
    }
}

// ---- Thread ----

// Also where an index that is made anew finds it (rebuild.c).
static void set_times(struct commit *batch) {
    for (struct commit *commit = batch; commit; commit = commit->next) {
        int64_t ms = commit->upload.received_ms = store_now_ms();
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};
        utimensat(commit->directory, "event.json", times, AT_SYMLINK_NOFOLLOW);
    }
}

static void finish(struct store *store, struct commit *batch) {
    for (struct commit *commit = batch, *next; commit; commit = next) {
        next = commit->next; // done may free it
        int64_t id = commit->upload.id;
        bool kept = commit->error == RECEIVER_OK;
        if (kept) {
            counters_committed(&store->counters, clock_ns(CLOCK_MONOTONIC) - commit->added_ns);
            counters_add(&store->counters.stored, 1);
        }
        atomic_fetch_sub(&store->counters.committing, 1);
        commit->done(commit->context, commit->error, id, commit->reason);
        if (kept && store->on_new) {
            store->on_new(store->on_new_context, id);
        }
    }
    maintenance_wake(store->maintenance);
}

// The head of the queue, at most GROUP_COMMIT_MAX_UPLOADS. NULL: it is empty.
static struct commit *take_batch(struct group_commit *group) {
    struct commit *batch = group->first, *end = batch;
    for (int count = 1; end && end->next && count < GROUP_COMMIT_MAX_UPLOADS; count++) {
        end = end->next;
    }
    if (end) {
        group->first = end->next;
        end->next = NULL;
        group->last = group->first ? group->last : &group->first;
    }
    return batch;
}

static void *run(void *state) {
    struct group_commit *group = state;
    pthread_mutex_lock(&group->lock);
    for (;;) {
        while (!group->first && !group->stopping && !group->damaged) {
            pthread_cond_wait(&group->wake, &group->lock);
        }
        if (!group->first && group->stopping) {
            break;
        }
        bool damaged = group->damaged;
        struct commit *batch = take_batch(group);
        pthread_mutex_unlock(&group->lock);
        if (damaged) {
            repair(group); // if it fails, the next use of the index asks again
        }
        if (batch) {
            uint64_t begun_ns = clock_ns(CLOCK_MONOTONIC);
            set_times(batch);
            sync_files(group->store, batch);
            commit_batch(group, batch);
            counters_add(&group->store->counters.storing_ns, clock_ns(CLOCK_MONOTONIC) - begun_ns);
            finish(group->store, batch);
        }
        pthread_mutex_lock(&group->lock);
    }
    pthread_mutex_unlock(&group->lock);
    return NULL;
}

struct group_commit *group_commit_start(struct store *store) {
    struct group_commit *group = calloc(1, sizeof *group);
    if (!group) {
        return NULL;
    }
    group->store = store;
    group->last = &group->first;
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->wake, NULL);
    catalog_on_damage(store->catalog, on_damage, group);
    if (pthread_create(&group->thread, NULL, run, group) != 0) {
        free(group);
        return NULL;
    }
    return group;
}

void group_commit_stop(struct group_commit *group) {
    if (!group) {
        return;
    }
    pthread_mutex_lock(&group->lock);
    bool first = !group->stopping;
    group->stopping = true;
    pthread_cond_signal(&group->wake);
    pthread_mutex_unlock(&group->lock);
    if (first) {
        pthread_join(group->thread, NULL);
    }
}

void group_commit_free(struct group_commit *group) {
    if (group) {
        group_commit_stop(group);
        pthread_cond_destroy(&group->wake);
        pthread_mutex_destroy(&group->lock);
        free(group);
    }
}

void group_commit_add(struct group_commit *group, struct commit *commit) {
    commit->next = NULL;
    commit->added_ns = clock_ns(CLOCK_MONOTONIC);
    pthread_mutex_lock(&group->lock);
    bool taken = !group->stopping;
    if (taken) {
        atomic_fetch_add(&group->store->counters.committing, 1);
        *group->last = commit;
        group->last = &commit->next;
        pthread_cond_signal(&group->wake);
    }
    pthread_mutex_unlock(&group->lock);
    if (!taken) {
        commit->done(commit->context, RECEIVER_BUSY, 0, receiver_error_text(RECEIVER_BUSY));
    }
}
