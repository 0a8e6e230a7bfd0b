// relay_state.c: the file of a target (relay_state.h).
#include "relay_state.h"
#include "../../base/file.h"
#include "../../base/fnv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stored {
    char magic[8];
    int64_t cursor;
    uint64_t count;
    struct relay_put_off put_off[RELAY_PUT_OFF];
    char name[RELAY_NAME_BYTES];
    uint64_t checksum; // of all before
};
static const char magic[8] = "forward2";
// Without the name: its checksum stands in the name's place.
static const char former_magic[8] = "forward1";
enum { FILE_NAME_BYTES = 32, FORMER_BYTES = offsetof(struct stored, name) + sizeof(uint64_t) };

static uint64_t checksum_of(const struct stored *stored) {
    return fnv64(FNV64_START, stored, offsetof(struct stored, checksum));
}

static bool is_current(const struct stored *stored, ssize_t size) {
    return size == sizeof *stored && memcmp(stored->magic, magic, sizeof magic) == 0 && stored->checksum == checksum_of(stored) &&
           memchr(stored->name, '\0', sizeof stored->name);
}

static bool is_former(const struct stored *stored, ssize_t size) {
    uint64_t checksum = fnv64(FNV64_START, stored, offsetof(struct stored, name));
    return size == FORMER_BYTES && memcmp(stored->magic, former_magic, sizeof former_magic) == 0 &&
           memcmp(stored->name, &checksum, sizeof checksum) == 0;
}

static void name_of(const char *key, char name[FILE_NAME_BYTES]) {
    snprintf(name, FILE_NAME_BYTES, "forward-%016" PRIx64, fnv64(FNV64_START, key, strlen(key)));
}

static int open_in(const char *directory, const char *name, int flags) {
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        errno = ENOMEM;
        return -1;
    }
    int file = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600); // a pipe would wait
    free(path);
    return file;
}

// Of state->file. False, with errno: it cannot be read.
static bool load(struct relay_state *state) {
    struct stored stored;
    ssize_t size = pread(state->file, &stored, sizeof stored, 0);
    state->is_former = is_former(&stored, size);
    bool is_whole = (state->is_former || is_current(&stored, size)) && stored.count <= RELAY_PUT_OFF && stored.cursor >= 0;
    state->is_damaged = !state->is_new && !is_whole;
    if (is_whole) {
        state->cursor = stored.cursor;
        state->count = stored.count;
        memcpy(state->put_off, stored.put_off, sizeof stored.put_off);
        memcpy(state->name, state->is_former ? "" : stored.name, state->is_former ? 1 : sizeof stored.name);
    }
    return size >= 0;
}

bool relay_state_inherit(const char *directory, const char *key, const char *former_key) {
    char own[FILE_NAME_BYTES], former[FILE_NAME_BYTES];
    name_of(key, own);
    name_of(former_key, former);
    struct relay_state state = {.file = open_in(directory, own, O_RDONLY)};
    if (state.file >= 0 || errno != ENOENT) { // what is wrong with its own, relay_state_open tells
        relay_state_close(&state);
        return true;
    }
    state.file = open_in(directory, former, O_RDONLY);
    if (state.file < 0 && errno == ENOENT) {
        return true;
    }
    bool ok = state.file >= 0 && load(&state);
    relay_state_close(&state);
    if (!ok || !state.is_former || state.is_damaged) { // a target without a file of headers has it
        return ok;
    }
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = folder >= 0 && renameat(folder, former, folder, own) == 0;
    int error = errno;
    if (folder >= 0) {
        close(folder);
    }
    errno = error;
    return ok;
}

bool relay_state_open(struct relay_state *state, const char *directory, const char *key, const char *name) {
    char file[FILE_NAME_BYTES];
    name_of(key, file);
    *state = (struct relay_state){.file = open_in(directory, file, O_RDWR)};
    if (state->file < 0 && errno == ENOENT) {
        state->is_new = true;
        state->file = open_in(directory, file, O_RDWR | O_CREAT);
    }
    bool ok = state->file >= 0 && load(state);
    snprintf(state->name, sizeof state->name, "%s", name);
    return ok;
}

void relay_state_close(struct relay_state *state) {
    if (state->file >= 0) {
        close(state->file);
        state->file = -1;
    }
}

bool relay_state_save(struct relay_state *state) {
    struct stored stored = {.cursor = state->cursor, .count = state->count};
    memcpy(stored.magic, magic, sizeof magic);
    memcpy(stored.put_off, state->put_off, state->count * sizeof *state->put_off);
    snprintf(stored.name, sizeof stored.name, "%s", state->name);
    stored.checksum = checksum_of(&stored);
    return lseek(state->file, 0, SEEK_SET) == 0 && file_write(state->file, &stored, sizeof stored);
}

bool relay_state_sync(const struct relay_state *state, const char *directory) {
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = folder >= 0 && fsync(state->file) == 0 && fsync(folder) == 0;
    int error = errno;
    if (folder >= 0) {
        close(folder);
    }
    errno = error;
    return ok;
}

bool relay_state_put_off(struct relay_state *state, int64_t id, uint64_t strikes) {
    if (state->count == RELAY_PUT_OFF) {
        return false;
    }
    state->put_off[state->count++] = (struct relay_put_off){id, strikes};
    return true;
}

void relay_state_remove(struct relay_state *state, size_t index) {
    memmove(&state->put_off[index], &state->put_off[index + 1], (--state->count - index) * sizeof *state->put_off);
}

// ---- Those of other targets ----

static bool is_of(const char *name, const char *const *keys, size_t count) {
    char own[FILE_NAME_BYTES];
    for (size_t i = 0; i < count; i++) {
        name_of(keys[i], own);
        if (strcmp(own, name) == 0) {
            return true;
        }
    }
    return false;
}

void relay_state_each_other(const char *directory, const char *const *keys, size_t count,
                            void (*take)(void *context, const char *file, const struct relay_state *state), void *context) {
    DIR *names = opendir(directory);
    for (struct dirent *entry; names && (entry = readdir(names));) {
        if (strncmp(entry->d_name, "forward-", strlen("forward-")) != 0 || is_of(entry->d_name, keys, count)) {
            continue;
        }
        struct relay_state state = {.file = open_in(directory, entry->d_name, O_RDONLY)};
        if (state.file < 0 || !load(&state)) {
            state.is_damaged = true;
        }
        take(context, entry->d_name, &state);
        relay_state_close(&state);
    }
    if (names) {
        closedir(names);
    }
}
