// past.c: blocks that are allocated, resized and freed past the hooks, mixed with those that go through them: by glibc's internal names, by
// a library opened with RTLD_DEEPBIND, which gets glibc's functions, and on jemalloc by jemalloc's own. A sampled block is an ordinary
// block of the real allocator, so all of it works, and the memory of the process stays what it is without sampling.
//
// usage: past INTERVAL ROUNDS PLUGIN; PLUGIN "": jemalloc is the real allocator
// Prints "net-anonymous KB", after all is freed, "live COUNT" and "samples COUNT".
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../cmemprof/cmemprof.h"

enum { SLOTS = 64, MAX_BYTES = 4000 };

static void fail(const char *what) {
    fprintf(stderr, "past: %s\n", what);
    exit(1);
}

// One set of allocation functions. A block may come from one set and be freed by another.
struct way {
    void *(*take)(size_t size);
    void *(*grow)(void *block, size_t size);
    void (*give)(void *block);
};
static struct way ways[3] = {{malloc, realloc, free}};
static unsigned way_count = 1;

static void *need(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        fail(name);
    }
    return found;
}

static void add_way(void *library, const char *take, const char *grow, const char *give) {
    struct way *way = &ways[way_count++];
    *(void **)&way->take = need(library, take);
    *(void **)&way->grow = need(library, grow);
    *(void **)&way->give = need(library, give);
}

static void *(*je_mallocx)(size_t size, int flags);
static void *(*je_rallocx)(void *block, size_t size, int flags);
static void (*je_dallocx)(void *block, int flags);
static void *je_take(size_t size) {
    return je_mallocx(size, 0);
}
static void *je_grow(void *block, size_t size) {
    return je_rallocx(block, size, 0);
}
static void je_give(void *block) {
    je_dallocx(block, 0);
}

static void find_ways(const char *plugin) {
    if (*plugin != '\0') {
        void *library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
        if (!library) {
            fail(dlerror());
        }
        add_way(library, "plugin_take", "plugin_grow", "plugin_give");
        add_way(RTLD_DEFAULT, "__libc_malloc", "__libc_realloc", "__libc_free");
    } else {
        *(void **)&je_mallocx = need(RTLD_DEFAULT, "mallocx");
        *(void **)&je_rallocx = need(RTLD_DEFAULT, "rallocx");
        *(void **)&je_dallocx = need(RTLD_DEFAULT, "dallocx");
        ways[way_count++] = (struct way){je_take, je_grow, je_give};
    }
}

struct slot {
    unsigned char *block;
    size_t size;
    unsigned char value;
};

static void want(const struct slot *slot, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (slot->block[i] != slot->value) {
            fail("contents have changed");
        }
    }
}

static uint64_t state = 0x9E3779B97F4A7C15ULL;
static size_t draw(size_t below) { // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545F4914F6CDD1DULL >> 16) % below;
}

static void step(struct slot *slot) {
    const struct way *way = &ways[draw(way_count)];
    size_t size = 1 + draw(MAX_BYTES);
    if (!slot->block) {
        slot->block = way->take(size);
    } else if (draw(3) == 0) {
        slot->block = way->grow(slot->block, size);
        want(slot, slot->size < size ? slot->size : size);
    } else {
        want(slot, slot->size);
        way->give(slot->block);
        slot->block = NULL;
        return;
    }
    if (!slot->block) {
        fail("no memory");
    }
    slot->size = size;
    slot->value = (unsigned char)draw(256);
    memset(slot->block, slot->value, size);
}

static long anonymous_kb(void) {
    static char text[4096];
    int file = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t size = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    const char *found = size > 0 ? strstr(text, "\nAnonymous:") : NULL;
    close(file);
    return found ? strtol(found + sizeof "\nAnonymous:" - 1, NULL, 10) : -1;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fputs("usage: past INTERVAL ROUNDS PLUGIN\n", stderr);
        return 2;
    }
    uint64_t interval = strtoull(argv[1], NULL, 10);
    static struct slot slots[SLOTS];
    find_ways(argv[3]);
    if (interval != 0) {
        enum cmemprof_error (*start)(uint64_t) = (enum cmemprof_error(*)(uint64_t))need(RTLD_DEFAULT, "cmemprof_start");
        if (start(interval) != CMEMPROF_OK) {
            fail("the profiler does not start");
        }
    }
    for (unsigned long i = 0; i < strtoul(argv[2], NULL, 10); i++) {
        step(&slots[draw(SLOTS)]);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].block) { // dallocx takes no NULL
            ways[i % way_count].give(slots[i].block);
        }
    }
    long anonymous = anonymous_kb();
    struct cmemprof_stats stats = {0};
    if (interval != 0) {
        ((void (*)(struct cmemprof_stats *))need(RTLD_DEFAULT, "cmemprof_get_stats"))(&stats);
    }
    printf("net-anonymous %ld\nlive %llu\nsamples %llu\n", anonymous - (long)(stats.own_bytes / 1024), (unsigned long long)stats.live,
           (unsigned long long)stats.samples);
    return 0;
}
