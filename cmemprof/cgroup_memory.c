// cgroup_memory.c: reads the kernel's files, each of which is a number or a few lines.

#include "cgroup_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_ROOM = 8192, PATH_ROOM = 2048 };

struct version {
    const char *folder; // below the mount
    const char *limit, *used, *cache;
};
static const struct version version_1 = {"/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "\ntotal_inactive_file "};
static const struct version version_2 = {"", "memory.max", "memory.current", "\ninactive_file "};

// The beginning of a file, after a new line, so that each line has one before it. False: there is none.
static bool read_file(const char *path, char text[FILE_ROOM]) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    size_t size = 1;
    text[0] = '\n';
    for (ssize_t more; size < FILE_ROOM - 1; size += (size_t)more) {
        more = read(descriptor, text + size, FILE_ROOM - 1 - size);
        if (more <= 0) {
            break;
        }
    }
    text[size] = '\0';
    close(descriptor);
    return true;
}

// The number behind the key; 0: there is none. "max" is none.
static uint64_t number_in(const char *folder, const char *file, const char *key) {
    char path[PATH_ROOM + 32], text[FILE_ROOM];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    const char *at = read_file(path, text) ? strstr(text, key) : NULL;
    return at != NULL ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static size_t left_at(const struct version *version, const char *folder) {
    uint64_t limit = number_in(folder, version->limit, "\n"), used = number_in(folder, version->used, "\n");
    if (limit == 0) {
        return SIZE_MAX;
    }
    uint64_t cache = number_in(folder, "memory.stat", version->cache);
    used -= cache < used ? cache : used;
    return limit > used ? limit - used : 0;
}

// From the process's cgroup up to the mount. In a container the path may be the host's, of which there is only the mount.
static size_t least_left(const struct version *version, const char *mount, const char *cgroup) {
    char folder[PATH_ROOM];
    bool is_above = strstr(cgroup, "/..") != NULL; // of the mount: outside of the cgroup namespace
    size_t base = strlen(mount) + strlen(version->folder), left = SIZE_MAX;
    int length = snprintf(folder, sizeof folder, "%s%s%s", mount, version->folder, is_above ? "" : cgroup);
    if (length < 0 || (size_t)length >= sizeof folder) {
        return SIZE_MAX;
    }
    for (;;) {
        size_t here = left_at(version, folder);
        left = here < left ? here : left;
        char *slash = strrchr(folder, '/');
        if (slash == NULL || (size_t)(slash - folder) < base) {
            return left;
        }
        *slash = '\0';
    }
}

// "4:cpu,memory:/path": the controllers of one hierarchy, none for version 2.
static const struct version *version_of(char *controllers) {
    if (*controllers == '\0') {
        return &version_2;
    }
    for (char *rest, *name = strtok_r(controllers, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (strcmp(name, "memory") == 0) {
            return &version_1;
        }
    }
    return NULL;
}

size_t cgroup_memory_left(const char *list, const char *mount) {
    char text[FILE_ROOM], *rest;
    int saved = errno;
    size_t left = SIZE_MAX;
    char *line = read_file(list, text) ? strtok_r(text, "\n", &rest) : NULL;
    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *controllers = strchr(line, ':'), *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL) {
            continue;
        }
        *path = '\0';
        const struct version *version = version_of(controllers + 1);
        size_t here = version != NULL ? least_left(version, mount, path + 1) : SIZE_MAX;
        left = here < left ? here : left;
    }
    errno = saved;
    return left;
}
