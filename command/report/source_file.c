// source_file.c: see source_file.h.
#include "source_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_SOURCE_BYTES = 64 << 20 };

// The next of a list with colons. Returns false at its end.
static bool next(const char **list, char directory[PATH_MAX]) {
    while (**list == ':') {
        ++*list;
    }
    size_t size = strcspn(*list, ":");
    if (size == 0) {
        return false;
    }
    snprintf(directory, PATH_MAX, "%.*s", (int)(size < PATH_MAX ? size : PATH_MAX - 1), *list);
    *list += size;
    for (size = strlen(directory); size > 1 && directory[size - 1] == '/'; size--) {
        directory[size - 1] = '\0';
    }
    return true;
}

static const char *without_prefix(const char *path, const char *prefix) {
    size_t size = strlen(prefix);
    return strncmp(path, prefix, size) == 0 && path[size] == '/' ? path + size + 1 : NULL;
}

static const char *trimmed(const struct source_paths *paths, const char *path) {
    char directory[PATH_MAX], part[PATH_MAX + 2];
    const char *rest = NULL, *list = paths->trim ? paths->trim : paths->search ? paths->search : "";
    while (!rest && next(&list, directory)) {
        if (paths->trim) {
            rest = without_prefix(path, directory);
            continue;
        }
        const char *slash = strrchr(directory, '/'), *last = slash ? slash + 1 : directory, *at;
        snprintf(part, sizeof part, "/%s/", last);
        at = *last ? strstr(path, part) : NULL;
        rest = at ? at + strlen(part) : NULL;
    }
    rest = rest ? rest : without_prefix(path, "/proc/self/cwd/.");
    rest = rest ? rest : without_prefix(path, "/proc/self/cwd");
    return rest ? rest : path;
}

// A profile may name any file of this machine. If directories were given, only files below them are meant, wherever links lead.
static bool is_below(const char *search, const char *path) {
    char directory[PATH_MAX], real_directory[PATH_MAX], real_path[PATH_MAX];
    bool found = false;
    if (!realpath(path, real_path)) {
        return false;
    }
    while (!found && next(&search, directory)) {
        found = realpath(directory, real_directory) && (strcmp(real_directory, "/") == 0 || without_prefix(real_path, real_directory));
    }
    return found;
}

static FILE *open_plain(const struct source_paths *paths, const char *path) {
    if (paths->search && !is_below(paths->search, path)) {
        return NULL;
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    bool plain = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MAX_SOURCE_BYTES;
    FILE *file = plain ? fdopen(descriptor, "r") : NULL;
    if (descriptor >= 0 && !file) {
        close(descriptor);
    }
    return file;
}

FILE *source_file_open(const struct source_paths *paths, const char *path) {
    char directory[PATH_MAX], here[PATH_MAX], whole[2 * PATH_MAX + 2];
    FILE *file = NULL;
    path = trimmed(paths, path);
    if (*path == '/' || !*path) {
        return open_plain(paths, path);
    }
    const char *list = paths->search ? paths->search : getcwd(here, sizeof here) ? here : ".";
    while (!file && next(&list, directory)) {
        for (char *slash = directory; !file && slash;) {
            snprintf(whole, sizeof whole, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, path);
            file = open_plain(paths, whole);
            slash = strrchr(directory, '/');
            if (slash == directory && directory[1]) {
                slash[1] = '\0'; // the root comes last
            } else if (slash && slash != directory) {
                *slash = '\0';
            } else {
                slash = NULL;
            }
        }
    }
    return file;
}
