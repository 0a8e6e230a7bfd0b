// run_directory.c: names, lists and reads files (run_directory.h).
#include "run_directory.h"
#include "../../base/vector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_PATH_BYTES = PATH_MAX + 256, ERROR_BYTES = 512 };
static const size_t max_bytes = (size_t)1 << 30; // more than merge.h reads

bool run_directory_make(struct run_directory *directory) {
    const char *parent = getenv("TMPDIR");
    *directory = (struct run_directory){.path = ""};
    parent = parent && parent[0] == '/' ? parent : "/tmp";
    if (strlen(parent) > PATH_MAX / 2) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(directory->path, sizeof directory->path, "%s/cmemprof-run-XXXXXX", parent);
    if (!mkdtemp(directory->path)) { // mode 0700
        directory->path[0] = '\0';
        return false;
    }
    return true;
}

static void path_of(const struct run_directory *directory, const struct run_file *file, char *path) {
    snprintf(path, FILE_PATH_BYTES, "%s/%ld-%lld.%u.%s.pb", directory->path, file->pid, (long long)file->start_ns, file->number,
             file->reason);
}

static bool parse(const char *name, struct run_file *file) {
    int end = 0;
    long long start_ns;
    *file = (struct run_file){.pid = 0};
    bool ok = sscanf(name, "%ld-%lld.%u.%15[a-z].pb%n", &file->pid, &start_ns, &file->number, file->reason, &end) == 4 && end > 0 &&
              name[end] == '\0';
    file->start_ns = ok ? start_ns : 0;
    return ok;
}

static bool parse_begun(const char *name, struct run_begun *begun) {
    int end = 0;
    long long start_ns;
    char word[16];
    bool ok = sscanf(name, "%ld-%lld.%15[a-z]%n", &begun->pid, &start_ns, word, &end) == 3 && name[end] == '\0';
    begun->start_ns = ok ? start_ns : 0;
    begun->is_replaced = ok && strcmp(word, "replaced") == 0;
    return ok && (begun->is_replaced || strcmp(word, "begun") == 0);
}

static int by_process(const void *left, const void *right) {
    const struct run_file *a = left, *b = right;
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    if (a->pid != b->pid) {
        return a->pid < b->pid ? -1 : 1;
    }
    return (a->number > b->number) - (a->number < b->number);
}

bool run_directory_list(struct run_directory *directory) {
    DIR *entries = opendir(directory->path);
    bool ok = entries;
    directory->count = directory->begun_count = 0;
    for (struct dirent *entry; ok && (entry = readdir(entries));) {
        struct run_file file;
        struct run_begun begun;
        if (parse_begun(entry->d_name, &begun)) {
            ok = VECTOR_RESERVE(directory->begun, directory->begun_capacity, directory->begun_count + 1);
            if (ok) {
                directory->begun[directory->begun_count++] = begun;
            }
            continue;
        }
        if (!parse(entry->d_name, &file)) {
            continue;
        }
        ok = VECTOR_RESERVE(directory->files, directory->capacity, directory->count + 1);
        if (ok) {
            directory->files[directory->count++] = file;
        }
    }
    if (entries) {
        closedir(entries);
    }
    if (directory->count > 1) {
        qsort(directory->files, directory->count, sizeof *directory->files, by_process);
    }
    return ok;
}

bool run_directory_is_newest(const struct run_directory *directory, size_t index) {
    const struct run_file *file = &directory->files[index];
    return index + 1 == directory->count || file[1].pid != file->pid || file[1].start_ns != file->start_ns;
}

// Appends a 0 byte.
static uint8_t *read_path(const char *path, size_t limit, size_t *size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    uint8_t *bytes = NULL;
    *size = 0;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
        size_t capacity = (uint64_t)status.st_size < limit ? (size_t)status.st_size : limit;
        bytes = malloc(capacity + 1);
        ssize_t got;
        while (bytes && *size < capacity && (got = read(descriptor, bytes + *size, capacity - *size)) > 0) {
            *size += (size_t)got;
        }
    }
    if (bytes) {
        bytes[*size] = 0;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return bytes;
}

uint8_t *run_directory_read(const struct run_directory *directory, const struct run_file *file, size_t *size) {
    char path[FILE_PATH_BYTES];
    path_of(directory, file, path);
    return read_path(path, max_bytes, size);
}

uint8_t *run_directory_read_beside(const struct run_directory *directory, const struct run_file *file, enum run_beside what, size_t *size) {
    static const char *const names[RUN_BESIDES] = {"peak", "memory", "time"};
    char path[FILE_PATH_BYTES], number[16] = "";
    if (what == RUN_TIME) {
        snprintf(number, sizeof number, "%u.", file->number);
    }
    snprintf(path, sizeof path, "%s/%ld-%lld.%s%s", directory->path, file->pid, (long long)file->start_ns, number, names[what]);
    uint8_t *bytes = read_path(path, max_bytes, size);
    if (bytes && what == RUN_TIME) {
        unlink(path);
    }
    return bytes;
}

bool run_directory_is_of_end(const struct run_file *file) {
    return strcmp(file->reason, "exit") == 0 || strcmp(file->reason, "termination") == 0 || strcmp(file->reason, "ended") == 0;
}

bool run_directory_is_asked(const struct run_directory *directory, const struct run_file *file) {
    char path[FILE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%ld.asked", directory->path, file->pid);
    return strcmp(file->reason, "signal") == 0 && unlink(path) == 0;
}

bool run_directory_is_seen(const struct run_file *file) {
    return strcmp(file->reason, "seen") == 0 || strcmp(file->reason, "ended") == 0;
}

bool run_directory_has_successor(const struct run_directory *directory, const struct run_begun *begun) {
    bool found = false;
    for (size_t i = 0; i < directory->count && !found; i++) {
        found = directory->files[i].pid == begun->pid && directory->files[i].start_ns > begun->start_ns;
    }
    for (size_t i = 0; i < directory->begun_count && !found; i++) {
        found = directory->begun[i].pid == begun->pid && directory->begun[i].start_ns > begun->start_ns;
    }
    return found;
}

void run_directory_unmark(const struct run_directory *directory, long pid) {
    char path[FILE_PATH_BYTES];
    for (size_t i = 0; i < directory->begun_count; i++) {
        const struct run_begun *begun = &directory->begun[i];
        if (begun->pid == pid) {
            snprintf(path, sizeof path, "%s/%ld-%lld.%s", directory->path, begun->pid, (long long)begun->start_ns,
                     begun->is_replaced ? "replaced" : "begun");
            unlink(path);
        }
    }
}

void run_directory_mark_seen(const struct run_directory *directory, struct run_file *file) {
    char before[FILE_PATH_BYTES], after[FILE_PATH_BYTES];
    path_of(directory, file, before);
    strcpy(file->reason, run_directory_is_of_end(file) ? "ended" : "seen");
    path_of(directory, file, after);
    rename(before, after);
}

void run_directory_remove(const struct run_directory *directory, const struct run_file *file) {
    char path[FILE_PATH_BYTES];
    path_of(directory, file, path);
    unlink(path);
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

char *run_directory_take_note(const struct run_directory *directory, struct run_note *note) {
    DIR *entries = opendir(directory->path);
    char *text = NULL;
    for (struct dirent *entry; entries && !text && (entry = readdir(entries));) {
        size_t size;
        char path[FILE_PATH_BYTES + 256];
        bool is_unsampled = ends_with(entry->d_name, ".unsampled");
        if (is_unsampled || ends_with(entry->d_name, ".error")) {
            snprintf(path, sizeof path, "%s/%s", directory->path, entry->d_name);
            text = (char *)read_path(path, ERROR_BYTES, &size);
            unlink(path);
            *note = (struct run_note){.pid = strtol(entry->d_name, NULL, 10), .is_unsampled = is_unsampled};
        }
    }
    if (entries) {
        closedir(entries);
    }
    if (text) {
        text[strcspn(text, "\n")] = '\0';
    }
    return text;
}

void run_directory_close(struct run_directory *directory) {
    DIR *entries = directory->path[0] != '\0' ? opendir(directory->path) : NULL;
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlinkat(dirfd(entries), entry->d_name, 0);
        }
    }
    if (entries) {
        closedir(entries);
        rmdir(directory->path);
    }
    free(directory->files);
    free(directory->begun);
    *directory = (struct run_directory){.path = ""};
}
