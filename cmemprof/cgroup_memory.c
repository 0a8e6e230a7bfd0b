// cgroup_memory.c (resident): reads the kernel's files, each a number or a few lines.

#include "cgroup_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_CAPACITY = 8192, PATH_CAPACITY = 2048 };
#define NO_LIMIT (UINT64_C(1) << 62) // version 1 says "none" by a number just below 2^63

struct version {
    const char *folder; // below the mount
    const char *limit, *used, *cache;
};
static const struct version version_1 = {"/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "\ntotal_inactive_file "};
static const struct version version_2 = {"", "memory.max", "memory.current", "\ninactive_file "};

// Reads the start of a file after a newline, so that every line is preceded by one. Returns false if there is no such file.
static bool read_file(const char *path, char text[FILE_CAPACITY]) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    size_t size = 1;
    text[0] = '\n';
    for (ssize_t more; size < FILE_CAPACITY - 1; size += (size_t)more) {
        more = read(descriptor, text + size, FILE_CAPACITY - 1 - size);
        if (more <= 0) {
            break;
        }
    }
    text[size] = '\0';
    close(descriptor);
    return true;
}

// The number after the key. Returns 0 if there is none or it is "max".
static uint64_t number_in(const char *folder, const char *file, const char *key) {
    char path[PATH_CAPACITY + 32], text[FILE_CAPACITY];
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

// From the process's cgroup up to the mount. In a container the path may be the host's, of which only the mount exists.
struct levels {
    char *folder;
    size_t base; // length of the last one
    bool is_one;
};

static struct levels first_level(const struct version *version, const char *mount, const char *cgroup, char folder[PATH_CAPACITY]) {
    bool is_above = strstr(cgroup, "/..") != NULL; // the path is outside of the cgroup namespace
    int length = snprintf(folder, PATH_CAPACITY, "%s%s%s", mount, version->folder, is_above ? "" : cgroup);
    return (struct levels){folder, strlen(mount) + strlen(version->folder), length >= 0 && length < PATH_CAPACITY};
}

static void next_level(struct levels *levels) {
    char *slash = strrchr(levels->folder, '/');
    levels->is_one = slash != NULL && (size_t)(slash - levels->folder) >= levels->base;
    if (levels->is_one) {
        *slash = '\0';
    }
}

static size_t min_left(const struct version *version, const char *mount, const char *cgroup) {
    char folder[PATH_CAPACITY];
    size_t left = SIZE_MAX;
    for (struct levels levels = first_level(version, mount, cgroup, folder); levels.is_one; next_level(&levels)) {
        size_t here = left_at(version, folder);
        left = here < left ? here : left;
    }
    return left;
}

// In "4:cpu,memory:/path", the controllers of one hierarchy; none for version 2.
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

// Calls visit for the process's cgroup in each hierarchy that accounts for memory.
static void for_each(const char *list, void (*visit)(void *context, const struct version *version, const char *cgroup), void *context) {
    char text[FILE_CAPACITY], *rest;
    int saved = errno;
    char *line = read_file(list, text) ? strtok_r(text, "\n", &rest) : NULL;
    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *controllers = strchr(line, ':'), *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL) {
            continue;
        }
        *path = '\0';
        const struct version *version = version_of(controllers + 1);
        if (version != NULL) {
            visit(context, version, path + 1);
        }
    }
    errno = saved;
}

struct search {
    const char *mount;
    size_t left;
    struct cgroup_memory *memory;
    bool found;
};

static void find_left(void *context, const struct version *version, const char *cgroup) {
    struct search *search = context;
    size_t here = min_left(version, search->mount, cgroup);
    search->left = here < search->left ? here : search->left;
}

size_t cgroup_memory_left(const char *list, const char *mount) {
    struct search search = {.mount = mount, .left = SIZE_MAX};
    for_each(list, find_left, &search);
    return search.left;
}

static void read_account(const struct version *version, const char *folder, struct cgroup_memory *memory) {
    bool is_first = version == &version_1;
    memory->version = is_first ? 1 : 2;
    memory->used = number_in(folder, version->used, "\n");
    memory->anonymous = number_in(folder, "memory.stat", is_first ? "\ntotal_rss " : "\nanon ");
    memory->file = number_in(folder, "memory.stat", is_first ? "\ntotal_cache " : "\nfile ");
    memory->shared = number_in(folder, "memory.stat", is_first ? "\ntotal_shmem " : "\nshmem ");
    memory->kernel = is_first ? number_in(folder, "memory.kmem.usage_in_bytes", "\n") : number_in(folder, "memory.stat", "\nkernel ");
    memory->inactive_file = number_in(folder, "memory.stat", version->cache);
    memory->high_events = is_first ? 0 : number_in(folder, "memory.events", "\nhigh ");
    memory->max_events = is_first ? 0 : number_in(folder, "memory.events", "\nmax ");
    memory->oom_kills = number_in(folder, is_first ? "memory.oom_control" : "memory.events", "\noom_kill ");
}

static void read_one(void *context, const struct version *version, const char *cgroup) {
    struct search *search = context;
    char folder[PATH_CAPACITY];
    for (struct levels levels = first_level(version, search->mount, cgroup, folder); levels.is_one; next_level(&levels)) {
        uint64_t limit = number_in(folder, version->limit, "\n");
        if (!search->found && number_in(folder, version->used, "\n") != 0) {
            *search->memory = (struct cgroup_memory){.limit = UINT64_MAX};
            read_account(version, folder, search->memory);
            search->found = true;
        }
        if (search->found && limit != 0 && limit < NO_LIMIT && limit < search->memory->limit) {
            search->memory->limit = limit;
        }
    }
}

bool cgroup_memory_read(const char *list, const char *mount, struct cgroup_memory *memory) {
    struct search search = {.mount = mount, .memory = memory};
    for_each(list, read_one, &search);
    return search.found;
}
