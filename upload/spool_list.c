// spool_list.c: see spool_list.h.
#include "spool_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/vector.h"

enum { BLOCK_BYTES = 4096, DIGITS = 16 };

static const char *const ends[] = {[SPOOL_WHOLE] = ".batch", [SPOOL_HALF] = ".half", [SPOOL_ROOM] = ".room"};

void spool_list_name(char name[UPLOAD_SPOOL_NAME_BYTES], uint64_t number, uint64_t random, enum spool_kind kind) {
    snprintf(name, UPLOAD_SPOOL_NAME_BYTES, "%016llx-%016llx%s", (unsigned long long)number, (unsigned long long)random, ends[kind]);
}

uint64_t spool_list_disk_bytes(uint64_t size_bytes) {
    return size_bytes / BLOCK_BYTES * BLOCK_BYTES + (size_bytes % BLOCK_BYTES != 0 || size_bytes == 0 ? BLOCK_BYTES : 0);
}

static bool is_name(const char *name, enum spool_kind kind) {
    static const char digits[] = "0123456789abcdef";
    return strspn(name, digits) == DIGITS && name[DIGITS] == '-' && strspn(name + DIGITS + 1, digits) == DIGITS &&
           strcmp(name + 2 * DIGITS + 1, ends[kind]) == 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct spool_file *)a)->name, ((const struct spool_file *)b)->name);
}

// Sorts the list and truncates it to SPOOL_LIST_FILES.
static void sort_and_cut(struct spool_list *list) {
    if (list->count > 0) {
        qsort(list->files, list->count, sizeof *list->files, by_name);
    }
    if (list->count > SPOOL_LIST_FILES) {
        list->count = SPOOL_LIST_FILES;
        list->more = true;
    }
}

// Collects twice SPOOL_LIST_FILES before it sorts and truncates, so that sorting is amortized.
static bool append(struct spool_list *list, const struct spool_file *file) {
    if (list->more && strcmp(file->name, list->files[SPOOL_LIST_FILES - 1].name) > 0) {
        return true;
    }
    if (list->count == 2 * SPOOL_LIST_FILES) {
        sort_and_cut(list);
    }
    if (!VECTOR_RESERVE(list->files, list->capacity, list->count + 1)) {
        return false;
    }
    list->files[list->count++] = *file;
    return true;
}

static bool take_entry(struct spool_list *list, int directory, const char *name, const char *after) {
    struct stat stat;
    struct spool_file file;
    if (fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(stat.st_mode)) {
        return true; // deleted meanwhile, or not a spool file
    }
    memcpy(file.name, name, strlen(name) + 1); // is_name has checked the length
    file.disk_bytes = spool_list_disk_bytes((uint64_t)stat.st_size);
    list->disk_bytes += file.disk_bytes;
    uint64_t number = strtoull(name, NULL, 16);
    list->last_number = number > list->last_number ? number : list->last_number;
    return strcmp(name, after) <= 0 || append(list, &file);
}

static bool read_entries(struct spool_list *list, DIR *entries, enum spool_kind kind, const char *after) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(entries);
        if (!entry) {
            return errno == 0;
        }
        if (is_name(entry->d_name, kind) && !take_entry(list, dirfd(entries), entry->d_name, after)) {
            errno = ENOMEM;
            return false;
        }
    }
}

bool spool_list_read(struct spool_list *list, int directory, enum spool_kind kind, const char *after) {
    *list = (struct spool_list){0};
    int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); // closed by closedir; has its own file position
    DIR *entries = own >= 0 ? fdopendir(own) : NULL;
    if (!entries) {
        int error = errno;
        if (own >= 0) {
            close(own);
        }
        errno = error;
        return false;
    }
    bool ok = read_entries(list, entries, kind, after);
    int error = errno;
    closedir(entries);
    if (!ok) {
        spool_list_free(list);
        errno = error;
        return false;
    }
    sort_and_cut(list);
    return true;
}

void spool_list_free(struct spool_list *list) {
    free(list->files);
    *list = (struct spool_list){0};
}
