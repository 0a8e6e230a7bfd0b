// symbol_namer.c: finds the file of a build and reads names with the profiler's symbolizer (symbol_namer.h).
#include "symbol_namer.h"

#include "../../cmemprof/symbols.h"
#include "build_file.h"
#include "symbol_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 4096, MAX_DIRECTORIES = 64 };

struct given_file {
    char *path, *build_id;
};

// A mapping that was asked about. The symbolizer's cache identifies it by its address, so it must not move.
struct known {
    struct known *next;
    struct module module;  // file NULL: no symbols
    char *file, *build_id; // of the mapping
    uint64_t start, offset;
};

struct symbol_namer {
    pthread_mutex_t lock; // guards all that follows, once files and directories are added
    struct symbols *symbols;
    struct given_file files[MAX_FILES];
    size_t file_count;
    char *directories[MAX_DIRECTORIES];
    size_t directory_count;
    struct known *known;
    struct symbol_namer_count count;
    uint64_t state; // of the directories, at the last check
};

struct symbol_namer *symbol_namer_new(void) {
    struct symbol_namer *namer = calloc(1, sizeof *namer);
    if (namer) {
        pthread_mutex_init(&namer->lock, NULL);
        namer->symbols = symbols_new();
    }
    if (namer && !namer->symbols) {
        symbol_namer_free(namer);
        return NULL;
    }
    return namer;
}

static void forget(struct symbol_namer *namer) {
    while (namer->known) {
        struct known *next = namer->known->next;
        free(namer->known->module.file);
        free(namer->known->file);
        free(namer->known->build_id);
        free(namer->known);
        namer->known = next;
    }
}

void symbol_namer_free(struct symbol_namer *namer) {
    if (!namer) {
        return;
    }
    symbols_free(namer->symbols);
    for (size_t i = 0; i < namer->file_count; i++) {
        free(namer->files[i].path);
        free(namer->files[i].build_id);
    }
    for (size_t i = 0; i < namer->directory_count; i++) {
        free(namer->directories[i]);
    }
    forget(namer);
    pthread_mutex_destroy(&namer->lock);
    free(namer);
}

// ---- Given files ----

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool symbol_namer_add_file(struct symbol_namer *namer, const char *path) {
    struct symbol_file file;
    if (namer->file_count == MAX_FILES || !symbol_file_read(path, &file)) {
        return false;
    }
    struct given_file given = {strdup(path), strdup(file.build_id)};
    if (!given.path || !given.build_id) {
        free(given.path);
        free(given.build_id);
        return false;
    }
    namer->files[namer->file_count++] = given;
    return true;
}

bool symbol_namer_add_directory(struct symbol_namer *namer, const char *path) {
    DIR *directory = opendir(path);
    if (!directory) {
        return false;
    }
    closedir(directory);
    char *copy = namer->directory_count < MAX_DIRECTORIES ? strdup(path) : NULL;
    if (copy) {
        namer->directories[namer->directory_count++] = copy;
    }
    return copy;
}

// ---- The file of a build ----

static bool find_build(const struct symbol_namer *namer, const char *build_id, const char *own_path, char path[PATH_MAX]) {
    for (size_t i = 0; i < namer->file_count; i++) {
        if (strcmp(namer->files[i].build_id, build_id) == 0) {
            return snprintf(path, PATH_MAX, "%s", namer->files[i].path) < PATH_MAX;
        }
    }
    for (size_t i = 0; i < namer->directory_count; i++) {
        if (build_file_find(namer->directories[i], build_id, false, path)) {
            return true;
        }
    }
    // The file on this machine, if it is the same build: a distribution's library, whose debug file the symbolizer finds itself.
    return *own_path == '/' && snprintf(path, PATH_MAX, "%s", own_path) < PATH_MAX && build_file_is(path, build_id, false);
}

// For a mapping without a build ID: a given file of the same name without one.
static bool find_named(const struct symbol_namer *namer, const char *file, char path[PATH_MAX]) {
    for (size_t i = 0; i < namer->file_count; i++) {
        if (namer->files[i].build_id[0] == '\0' && strcmp(base_name(namer->files[i].path), base_name(file)) == 0) {
            return snprintf(path, PATH_MAX, "%s", namer->files[i].path) < PATH_MAX;
        }
    }
    return false;
}

static void look_for(const struct symbol_namer *namer, struct known *known) {
    char path[PATH_MAX];
    struct symbol_file file;
    uint64_t bias;
    bool found = known->build_id[0] != '\0' ? find_build(namer, known->build_id, known->file, path) : find_named(namer, known->file, path);
    if (!found || !symbol_file_read(path, &file) || !symbol_file_bias(&file, known->start, known->offset, &bias)) {
        return;
    }
    known->module.bias = bias;
    known->module.unloaded_at = 1; // not loaded in this process
    snprintf(known->module.build_id, sizeof known->module.build_id, "%s", file.build_id);
    known->module.file = strdup(path);
}

static struct known *known_of(struct symbol_namer *namer, const struct profile_mapping *mapping) {
    for (struct known *known = namer->known; known; known = known->next) {
        if (known->start == mapping->memory_start && known->offset == mapping->file_offset &&
            strcmp(known->build_id, mapping->build_id) == 0 && strcmp(known->file, mapping->file) == 0) {
            return known;
        }
    }
    struct known *known = calloc(1, sizeof *known);
    if (!known) {
        return NULL;
    }
    *known = (struct known){.file = strdup(mapping->file),
                            .build_id = strdup(mapping->build_id),
                            .start = mapping->memory_start,
                            .offset = mapping->file_offset,
                            .next = namer->known};
    namer->known = known;
    if (known->file && known->build_id) {
        look_for(namer, known);
    }
    return known;
}

// ---- Names ----

// Names are kept for later profiles, so they do not count against the budget of the one that asks, which ends before.
static struct symbol find(struct symbol_namer *namer, const struct module *module, uint64_t address) {
    struct merge_budget *before = merge_use_budget(NULL);
    struct symbol symbol = symbols_find(namer->symbols, module, address);
    merge_use_budget(before);
    return symbol;
}

static void close_files(struct symbol_namer *namer) {
    struct merge_budget *before = merge_use_budget(NULL);
    symbols_close_files(namer->symbols);
    merge_use_budget(before);
}

static size_t name_locked(struct symbol_namer *namer, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                          struct profile_line lines[PROFILE_NAMER_LINES]) {
    _Static_assert((int)SYMBOL_MAX_INLINED <= (int)PROFILE_NAMER_LINES, "all frames fit");
    struct known *known = known_of(namer, mapping);
    namer->count.asked++;
    if (!known || !known->module.file) {
        namer->count.missing = known && !namer->count.missing ? known->file : namer->count.missing;
        namer->count.missing_build_id = known && namer->count.missing == known->file ? known->build_id : namer->count.missing_build_id;
        return 0;
    }
    struct symbol symbol = find(namer, &known->module, address);
    for (size_t i = 0; i < symbol.frame_count; i++) {
        const struct symbol_frame *frame = &symbol.frames[i];
        lines[i] = (struct profile_line){
            profile_add_function(profile, &(struct profile_function){frame->function, frame->system_name, frame->file, frame->start_line}),
            frame->line, 0};
    }
    namer->count.named += symbol.frame_count > 0;
    return symbol.frame_count;
}

static size_t name(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                   struct profile_line lines[PROFILE_NAMER_LINES]) {
    struct symbol_namer *namer = context;
    pthread_mutex_lock(&namer->lock);
    size_t count = name_locked(namer, profile, mapping, address, lines);
    pthread_mutex_unlock(&namer->lock);
    return count;
}

struct profile_namer symbol_namer_for_profiles(struct symbol_namer *namer) {
    return (struct profile_namer){.name = name, .context = namer};
}

void symbol_namer_begin(struct symbol_namer *namer) {
    close_files(namer);
    namer->count = (struct symbol_namer_count){0};
}

// Hashes what build_file_find may read: files of the directory and of two levels below, in any order.
static uint64_t state_of(int parent, const char *name, int levels) {
    int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = file >= 0 ? fdopendir(file) : NULL;
    uint64_t state = 0;
    struct dirent *entry;
    for (size_t i = 0; directory && i < MAX_FILES && (entry = readdir(directory)); i++) {
        bool hidden = entry->d_name[0] == '.' && strcmp(entry->d_name, ".build-id") != 0; // an upload in progress
        struct stat about;
        if (hidden || fstatat(file, entry->d_name, &about, 0) != 0) {
            continue;
        }
        const uint64_t words[] = {about.st_dev, about.st_ino, (uint64_t)about.st_size, (uint64_t)about.st_mtim.tv_sec,
                                  (uint64_t)about.st_mtim.tv_nsec};
        uint64_t one = 0;
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            one = (one ^ words[w]) * UINT64_C(0x9e3779b97f4a7c15);
            one ^= one >> 32;
        }
        state += one + (S_ISDIR(about.st_mode) && levels > 0 ? state_of(file, entry->d_name, levels - 1) : 0);
    }
    if (directory) {
        closedir(directory);
    } else if (file >= 0) {
        close(file);
    }
    return state;
}

uint64_t symbol_namer_state(struct symbol_namer *namer) {
    uint64_t state = 1;
    pthread_mutex_lock(&namer->lock);
    for (size_t i = 0; i < namer->directory_count; i++) {
        state = state * 31 + state_of(AT_FDCWD, namer->directories[i], 2);
    }
    close_files(namer);
    if (state != namer->state) {
        symbols_forget(namer->symbols);
        forget(namer);
        namer->state = state;
    }
    pthread_mutex_unlock(&namer->lock);
    return state;
}

struct symbol_namer_count symbol_namer_counted(const struct symbol_namer *namer) {
    return namer->count;
}
