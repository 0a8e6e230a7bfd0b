// cgroup_memory.c (resident): reads the kernel's files, each a number or a few lines.

#include "cgroup_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_CAPACITY = 8192, PATH_CAPACITY = 2048 };
#define NO_LIMIT (UINT64_C(1) << 62) // version 1 says "none" by a number just below 2^63

struct version {
    const char *folder; // below the mount
    const char *limit, *used;
    const char *inactive, *active, *mapped; // of memory.stat: page cache
};
static const struct version version_1 = {
    "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "\ntotal_inactive_file ", "\ntotal_active_file ", "\ntotal_mapped_file "};
static const struct version version_2 = {"", "memory.max", "memory.current", "\ninactive_file ", "\nactive_file ", "\nfile_mapped "};

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

static bool read_file_of(const char *folder, const char *file, char text[FILE_CAPACITY]) {
    char path[PATH_CAPACITY + 32];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return read_file(path, text);
}

// The number after the key. Returns 0 if there is none or it is "max".
static uint64_t number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static uint64_t number_in(const char *folder, const char *file, const char *key) {
    char text[FILE_CAPACITY];
    return read_file_of(folder, file, text) ? number_after(text, key) : 0;
}

// Page cache that the kernel takes before it kills: what is inactive, and what is active but not mapped, as code that runs is.
static uint64_t reclaimable(const struct version *version, const char *folder) {
    char text[FILE_CAPACITY];
    if (!read_file_of(folder, "memory.stat", text)) {
        return 0;
    }
    uint64_t active = number_after(text, version->active), mapped = number_after(text, version->mapped);
    return number_after(text, version->inactive) + (active > mapped ? active - mapped : 0);
}

// How much of the last ten seconds all of the cgroup's tasks waited for memory, in percent: "full avg10=12.34 avg60=...".
static unsigned pressure_at(const char *folder) {
    return (unsigned)number_in(folder, "memory.pressure", "\nfull avg10=");
}

static void take_less(uint64_t limit, uint64_t used, uint64_t *nearest, uint64_t *left) {
    if (limit != 0 && limit < NO_LIMIT && (*nearest == UINT64_MAX || (limit > used ? limit - used : 0) < *left)) {
        *nearest = limit;
        *left = limit > used ? limit - used : 0;
    }
}

static void room_at(const struct version *version, const char *folder, bool is_exact, struct cgroup_room *room) {
    uint64_t limit = number_in(folder, version->limit, "\n"), high = version == &version_2 ? number_in(folder, "memory.high", "\n") : 0;
    uint64_t lower = high != 0 && (limit == 0 || high < limit) ? high : limit;
    if (lower == 0 || lower >= NO_LIMIT) {
        return;
    }
    uint64_t used = number_in(folder, version->used, "\n"), cache = is_exact || used > lower / 2 ? reclaimable(version, folder) : 0;
    used -= cache < used ? cache : used;
    take_less(limit, used, &room->limit, &room->left);
    take_less(high, used, &room->high, &room->left_to_high);
}

// From the process's cgroup up to the mount. In a container the path may be the host's, of which only the mount exists.
struct levels {
    char *folder;
    size_t base; // length of the last one
    bool is_one;
};

static struct levels first_level(const struct version *version, const char *mount, const char *cgroup, char folder[PATH_CAPACITY]) {
    bool is_above = strstr(cgroup, "/.."); // the path is outside of the cgroup namespace
    int length = snprintf(folder, PATH_CAPACITY, "%s%s%s", mount, version->folder, is_above ? "" : cgroup);
    return (struct levels){folder, strlen(mount) + strlen(version->folder), length >= 0 && length < PATH_CAPACITY};
}

static void next_level(struct levels *levels) {
    char *slash = strrchr(levels->folder, '/');
    levels->is_one = slash && (size_t)(slash - levels->folder) >= levels->base;
    if (levels->is_one) {
        *slash = '\0';
    }
}

struct search {
    const char *mount;
    struct cgroup_room *room;
    struct cgroup_memory *memory;
    bool is_exact, without_pressure, found;
};

static void find_room(void *context, const struct version *version, const char *cgroup) {
    struct search *search = context;
    char folder[PATH_CAPACITY];
    for (struct levels levels = first_level(version, search->mount, cgroup, folder); levels.is_one; next_level(&levels)) {
        room_at(version, folder, search->is_exact, search->room);
        unsigned pressure = version == &version_2 && !search->without_pressure ? pressure_at(folder) : 0;
        search->room->pressure_percent = pressure > search->room->pressure_percent ? pressure : search->room->pressure_percent;
    }
}

// In "4:cpu,memory:/path", the controllers of one hierarchy; none for version 2.
static const struct version *version_of(char *controllers) {
    if (*controllers == '\0') {
        return &version_2;
    }
    for (char *rest, *name = strtok_r(controllers, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
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
    for (; line; line = strtok_r(NULL, "\n", &rest)) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) {
            continue;
        }
        *path = '\0';
        const struct version *version = version_of(controllers + 1);
        if (version) {
            visit(context, version, path + 1);
        }
    }
    errno = saved;
}

static const struct cgroup_room no_limit = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0};

bool cgroup_memory_room(const char *list, const char *mount, bool is_exact, struct cgroup_room *room) {
    *room = no_limit;
    struct search search = {.mount = mount, .room = room, .is_exact = is_exact};
    for_each(list, find_room, &search);
    return room->limit != UINT64_MAX || room->high != UINT64_MAX;
}

size_t cgroup_memory_left(const char *list, const char *mount) {
    struct cgroup_room room = no_limit;
    struct search search = {.mount = mount, .room = &room, .without_pressure = true};
    for_each(list, find_room, &search);
    return room.left;
}

// As number_after, but what the kernel does not write is unknown.
static uint64_t figure_after(const char *text, const char *key) {
    return strstr(text, key) ? number_after(text, key) : CGROUP_MEMORY_UNKNOWN;
}

// Each file once, for figures of one moment.
static void read_stat(bool is_first, const struct version *version, const char *folder, struct cgroup_memory *memory) {
    char text[FILE_CAPACITY];
    if (!read_file_of(folder, "memory.stat", text)) {
        return;
    }
    memory->anonymous = figure_after(text, is_first ? "\ntotal_rss " : "\nanon ");
    memory->file = figure_after(text, is_first ? "\ntotal_cache " : "\nfile ");
    memory->shared = figure_after(text, is_first ? "\ntotal_shmem " : "\nshmem ");
    memory->inactive_file = figure_after(text, version->inactive);
    memory->kernel = is_first ? CGROUP_MEMORY_UNKNOWN : figure_after(text, "\nkernel ");
}

static void read_events(bool is_first, const char *folder, struct cgroup_memory *memory) {
    char text[FILE_CAPACITY];
    if (!read_file_of(folder, is_first ? "memory.oom_control" : "memory.events", text)) {
        return;
    }
    memory->high_events = is_first ? CGROUP_MEMORY_UNKNOWN : figure_after(text, "\nhigh ");
    memory->max_events = is_first ? CGROUP_MEMORY_UNKNOWN : figure_after(text, "\nmax ");
    memory->oom_kills = figure_after(text, "\noom_kill ");
}

static uint64_t inode_of(const char *folder) {
    struct stat status;
    return stat(folder, &status) == 0 ? status.st_ino : CGROUP_MEMORY_UNKNOWN;
}

static void read_account(const struct version *version, const char *folder, uint64_t used, struct cgroup_memory *memory) {
    bool is_first = version == &version_1;
    char text[FILE_CAPACITY];
    memset(memory, 0xFF, sizeof *memory); // all is unknown
    memory->version = is_first ? 1 : 2;
    memory->id = inode_of(folder);
    memory->used = used;
    read_stat(is_first, version, folder, memory);
    read_events(is_first, folder, memory);
    if (is_first && read_file_of(folder, "memory.kmem.usage_in_bytes", text)) {
        memory->kernel = figure_after(text, "\n");
    }
}

static void read_one(void *context, const struct version *version, const char *cgroup) {
    struct search *search = context;
    char folder[PATH_CAPACITY];
    for (struct levels levels = first_level(version, search->mount, cgroup, folder); levels.is_one; next_level(&levels)) {
        uint64_t limit = number_in(folder, version->limit, "\n"), used = search->found ? 0 : number_in(folder, version->used, "\n");
        if (used != 0) {
            read_account(version, folder, used, search->memory);
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
