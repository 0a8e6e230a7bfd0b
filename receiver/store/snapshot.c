// snapshot.c: the index's memory between two runs (snapshot.h).
#include "snapshot.h"
#include "../../base/clock.h"
#include "../index/search_snapshot.h"
#include "store_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char name[] = "index.memory", fresh_name[] = "index.memory.new";

// A file system notes times in ticks of 10 ms at most (of Linux; those in steps of a second or two have no nanoseconds): what changed
// within the last tick may change again and look the same.
enum { TICK_MS = 20, PAUSES = 5 };

static bool has_settled(const struct timespec *changed) {
    int64_t age_ms = (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000) - ((int64_t)changed->tv_sec * 1000 + changed->tv_nsec / 1000000);
    return age_ms >= (changed->tv_nsec == 0 ? 2000 : TICK_MS);
}

struct seen {
    uint64_t device, inode, size;
    struct timespec modified, changed;
};

static bool look(int directory, const char *path, struct seen *seen) {
    struct stat about;
    if ((*path ? fstatat(directory, path, &about, AT_SYMLINK_NOFOLLOW) : fstat(directory, &about)) != 0) {
        return false;
    }
    *seen = (struct seen){.device = about.st_dev,
                          .inode = about.st_ino,
                          .size = *path ? (uint64_t)about.st_size : 0,
                          .modified = about.st_mtim,
                          .changed = about.st_ctim};
    return true;
}

// false: it cannot be told, or may change yet.
static bool make_stamp(int directory, int uploads, struct search_stamp *stamp, bool settled) {
    struct seen seen[2];
    struct stat journal;
    bool none = fstatat(directory, "index.sqlite-wal", &journal, AT_SYMLINK_NOFOLLOW) != 0 || journal.st_size == 0;
    memset(stamp, 0, sizeof *stamp);
    _Static_assert(sizeof seen <= sizeof *stamp, "a stamp holds both");
    if (!none || !look(directory, "index.sqlite", &seen[0]) || !look(uploads, "", &seen[1])) {
        return false;
    }
    memcpy(stamp, seen, sizeof seen);
    return !settled || (has_settled(&seen[0].changed) && has_settled(&seen[1].changed));
}

void snapshot_open(int directory, int uploads, struct snapshot *snapshot) {
    *snapshot = (struct snapshot){.stamp = malloc(sizeof *snapshot->stamp)};
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat about;
    bool good = file >= 0 && snapshot->stamp && fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
                make_stamp(directory, uploads, snapshot->stamp, false);
    snapshot->file = good ? fdopen(file, "r") : NULL;
    if (file >= 0 && !snapshot->file) {
        close(file);
    }
}

bool snapshot_load(struct snapshot *snapshot, struct catalog *catalog) {
    return snapshot->file && catalog_load_snapshot(catalog, snapshot->stamp, snapshot->file);
}

void snapshot_close(int directory, struct snapshot *snapshot) {
    if (snapshot->file) {
        fclose(snapshot->file);
    }
    free(snapshot->stamp);
    *snapshot = (struct snapshot){0};
    unlinkat(directory, name, 0); // before anything changes
    unlinkat(directory, fresh_name, 0);
}

bool snapshot_save(struct store *store) {
    struct search_stamp stamp;
    bool good = false;
    for (int i = 0; i < PAUSES && !good; i++) {
        good = make_stamp(store->directory, store->uploads, &stamp, true);
        nanosleep(&(struct timespec){.tv_nsec = good ? 0 : TICK_MS * 1000000}, NULL);
    }
    good = good && rebuild_is_needless(store); // with the stamp: what changes from here on shows
    int out = good ? openat(store->directory, fresh_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    FILE *file = out >= 0 ? fdopen(out, "w") : NULL;
    if (out >= 0 && !file) {
        close(out);
    }
    good = file && catalog_save_snapshot(store->catalog, &stamp, file);
    good = (!file || fclose(file) == 0) && good && renameat(store->directory, fresh_name, store->directory, name) == 0;
    if (!good) {
        unlinkat(store->directory, fresh_name, 0);
    }
    return good;
}
