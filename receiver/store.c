// store.c: opens, cleans and reads the data directory (store.h). Writing into it is in incoming.c.
#include "store_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

void store_remove_directory(int directory, const char *name) {
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!is_dots(entry->d_name)) {
            unlinkat(fd, entry->d_name, 0);
        }
    }
    closedir(entries);
    unlinkat(directory, name, AT_REMOVEDIR);
}

// What a crash left: all of incoming/, and uploads that were renamed into place but whose row was never committed.
static void clean(struct store *store, int directory, bool only_unknown) {
    DIR *entries = fdopendir(dup(directory));
    if (!entries) {
        return;
    }
    rewinddir(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        char *end;
        int64_t id = strtoll(entry->d_name, &end, 10);
        bool ours = !only_unknown || (*end == '\0' && end != entry->d_name && !catalog_has(store->catalog, id));
        if (!is_dots(entry->d_name) && ours) {
            store_remove_directory(directory, entry->d_name);
        }
    }
    closedir(entries);
}

void store_retain(struct store *store) {
    for (int64_t id; (id = catalog_remove_oldest(store->catalog, store->keep_uploads)) > 0;) {
        char name[24];
        snprintf(name, sizeof name, "%" PRId64, id);
        store_remove_directory(store->uploads, name);
    }
}

// mkdir -p. Only the last one's failure counts; open tells about it.
static void make_directories(const char *path) {
    char *copy = strdup(path);
    for (char *slash = copy ? strchr(copy + (*copy == '/'), '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0755);
        *slash = '/';
    }
    free(copy);
    mkdir(path, 0700); // profiles tell about the program: for its owner only
}

static int open_directory(int at, const char *name) {
    if (at != AT_FDCWD) {
        mkdirat(at, name, 0700);
    }
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum receiver_error open_all(struct store *store, char *text, size_t text_size) {
    make_directories(store->path);
    store->directory = open_directory(AT_FDCWD, store->path);
    store->incoming = store->directory < 0 ? -1 : open_directory(store->directory, "incoming");
    store->uploads = store->incoming < 0 ? -1 : open_directory(store->directory, "uploads");
    store->lock = store->uploads < 0 ? -1 : openat(store->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        snprintf(text, text_size, "%s: %s", store->path, strerror(errno));
        return RECEIVER_BAD_DIRECTORY;
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        snprintf(text, text_size, "%s: %s", store->path, receiver_error_text(RECEIVER_DIRECTORY_TAKEN));
        return RECEIVER_DIRECTORY_TAKEN;
    }
    char *index = NULL;
    if (asprintf(&index, "%s/index.sqlite", store->path) < 0) {
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = catalog_open(index, &store->catalog, text, text_size);
    free(index);
    return error;
}

enum receiver_error store_open(const char *directory, uint32_t keep_uploads, struct store **out, char *text, size_t text_size) {
    struct store *store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(directory))) {
        free(store);
        return RECEIVER_NO_MEMORY;
    }
    store->keep_uploads = keep_uploads;
    store->directory = store->incoming = store->uploads = store->lock = -1;
    enum receiver_error error = open_all(store, text, text_size);
    if (error != RECEIVER_OK) {
        store_close(store);
        return error;
    }
    clean(store, store->incoming, false);
    clean(store, store->uploads, true);
    store_retain(store);
    *out = store;
    return RECEIVER_OK;
}

void store_close(struct store *store) {
    if (!store) {
        return;
    }
    catalog_close(store->catalog);
    int files[] = {store->lock, store->uploads, store->incoming, store->directory};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
    free(store->path);
    free(store);
}

struct catalog *store_catalog(struct store *store) {
    return store->catalog;
}

enum receiver_error store_read(struct store *store, int64_t id, const char *name, struct catalog_attachment *attachment, int *file) {
    enum receiver_error error = catalog_find(store->catalog, id, name, attachment);
    if (error != RECEIVER_OK) {
        return error;
    }
    char path[24 + 1 + CATALOG_FILE_MAX_BYTES + 1];
    snprintf(path, sizeof path, "%" PRId64 "/%s", id, attachment->file);
    *file = openat(store->uploads, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (*file >= 0) {
        return RECEIVER_OK;
    }
    return errno == ENOENT ? RECEIVER_NOT_FOUND : receiver_error_from_errno(errno);
}
