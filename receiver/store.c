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

// An upload that never became whole: incoming.c names them by 16 hex digits.
static bool is_left_in_incoming(struct store *store, const char *name) {
    (void)store;
    return strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16;
}

// An upload that was renamed into place, but whose row was never committed.
static bool is_left_in_uploads(struct store *store, const char *name) {
    char expected[24];
    int64_t id = strtoll(name, NULL, 10);
    snprintf(expected, sizeof expected, "%" PRId64, id);
    return id > 0 && strcmp(name, expected) == 0 && !catalog_has(store->catalog, id);
}

// Removes what a crash left, and nothing that someone else may have put there.
static void clean(struct store *store, int directory, bool (*is_left)(struct store *store, const char *name)) {
    DIR *entries = fdopendir(dup(directory));
    if (!entries) {
        return;
    }
    rewinddir(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (is_left(store, entry->d_name)) {
            store_remove_directory(directory, entry->d_name);
        }
    }
    closedir(entries);
}

// False also when it cannot be read.
static bool is_empty(int directory) {
    DIR *entries = fdopendir(dup(directory));
    if (!entries) {
        return false;
    }
    rewinddir(entries);
    struct dirent *entry = readdir(entries);
    while (entry && is_dots(entry->d_name)) {
        entry = readdir(entries);
    }
    closedir(entries);
    return !entry;
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

// A link to somewhere else is not followed: what is found inside is removed some day. -1: text tells.
static int open_below(struct store *store, const char *name, char *text, size_t text_size) {
    mkdirat(store->directory, name, 0700);
    int directory = openat(store->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        bool other = errno == ENOTDIR || errno == ELOOP;
        snprintf(text, text_size, "%s/%s: %s", store->path, name, other ? "not a directory (links are not followed)" : strerror(errno));
    }
    return directory;
}

static enum receiver_error open_directories(struct store *store, char *text, size_t text_size) {
    make_directories(store->path);
    store->directory = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    store->lock = store->directory < 0 ? -1 : openat(store->directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        snprintf(text, text_size, "%s: %s", store->path, strerror(errno));
        return RECEIVER_BAD_DIRECTORY;
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        snprintf(text, text_size, "%s: %s", store->path, receiver_error_text(RECEIVER_DIRECTORY_TAKEN));
        return RECEIVER_DIRECTORY_TAKEN;
    }
    store->incoming = open_below(store, "incoming", text, text_size);
    store->uploads = store->incoming < 0 ? -1 : open_below(store, "uploads", text, text_size);
    return store->uploads < 0 ? RECEIVER_BAD_DIRECTORY : RECEIVER_OK;
}

// Files that no index knows are another program's, or uploads whose index was removed: neither may be taken for what a crash left.
static enum receiver_error open_index(struct store *store, char *text, size_t text_size) {
    char *index = NULL;
    if (asprintf(&index, "%s/index.sqlite", store->path) < 0) {
        return RECEIVER_NO_MEMORY;
    }
    bool incoming_empty = is_empty(store->incoming), may_create = incoming_empty && is_empty(store->uploads);
    enum receiver_error error = catalog_open(index, may_create, &store->catalog, text, text_size);
    free(index);
    if (error == RECEIVER_NOT_FOUND) {
        snprintf(text, text_size, "%s/%s is not empty, but there is no index.sqlite that knows what is in it; choose another directory",
                 store->path, incoming_empty ? "uploads" : "incoming");
        error = RECEIVER_BAD_DIRECTORY;
    }
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
    enum receiver_error error = open_directories(store, text, text_size);
    if (error == RECEIVER_OK) {
        error = open_index(store, text, text_size);
    }
    if (error != RECEIVER_OK) {
        store_close(store);
        return error;
    }
    clean(store, store->incoming, is_left_in_incoming);
    clean(store, store->uploads, is_left_in_uploads);
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
