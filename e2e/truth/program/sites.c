// sites.c: allocates at named sites (sites.h). Arrays of blocks come from mmap, so that the sites are the only allocations.

#include "sites.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

// Prevents the compiler from removing a block and its allocation, and from turning the call into a jump, which has no frame.
#define OBSERVE(block) __asm__ volatile("" : "+r"(block) : : "memory")

#define SITE(name, call)                                                                                                                   \
    static __attribute__((noinline)) void *name(size_t size) {                                                                             \
        void *block = (call);                                                                                                              \
        OBSERVE(block);                                                                                                                    \
        return block;                                                                                                                      \
    }

static void *with_posix_memalign(size_t alignment, size_t size) {
    void *block;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

SITE(site_malloc_1, malloc(size))
SITE(site_malloc_16, malloc(size))
SITE(site_malloc_24, malloc(size))
SITE(site_malloc_100, malloc(size))
SITE(site_malloc_512, malloc(size))
SITE(site_calloc_2k, calloc(size / 8, 8))
SITE(site_malloc_4096, malloc(size))
SITE(site_malloc_40000, malloc(size))
SITE(site_calloc_64k, calloc(1, size))
SITE(site_malloc_512k, malloc(size))
SITE(site_calloc_1m, calloc(size / 16, 16))
SITE(site_malloc_4m, malloc(size))
SITE(site_posix_memalign_192, with_posix_memalign(64, size))
SITE(site_aligned_alloc_1k, aligned_alloc(256, size))
SITE(site_aligned_alloc_64k, aligned_alloc(65536, size))
SITE(site_mixed, malloc(size))
SITE(site_threads_48, malloc(size))
SITE(site_threads_10000, calloc(1, size))
SITE(site_bias_1, malloc(size))
SITE(site_bias_16, malloc(size))

static const struct {
    const char *name;
    void *(*allocate)(size_t size);
} sites[] = {
#define ROW(name)                                                                                                                          \
    { #name, name }
    ROW(site_malloc_1),  ROW(site_malloc_16),   ROW(site_malloc_24),          ROW(site_malloc_100),       ROW(site_malloc_512),
    ROW(site_calloc_2k), ROW(site_malloc_4096), ROW(site_malloc_40000),       ROW(site_calloc_64k),       ROW(site_malloc_512k),
    ROW(site_calloc_1m), ROW(site_malloc_4m),   ROW(site_posix_memalign_192), ROW(site_aligned_alloc_1k), ROW(site_aligned_alloc_64k),
    ROW(site_mixed),     ROW(site_threads_48),  ROW(site_threads_10000),      ROW(site_bias_1),           ROW(site_bias_16),
};

size_t sites_count(void) {
    return sizeof sites / sizeof *sites;
}

const char *site_name(size_t site) {
    return site < sites_count() ? sites[site].name : NULL;
}

// ---- Blocks that wait for another thread ----

struct blocks {
    void **items; // items[0 .. handed) are to be freed, the others stay for good
    size_t handed, count;
};

static _Bool blocks_open(struct blocks *blocks, struct fate fate) {
    *blocks = (struct blocks){.handed = fate.handed, .count = fate.handed + fate.kept};
    if (blocks->count == 0) {
        return 1;
    }
    void *items = mmap(NULL, blocks->count * sizeof *blocks->items, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    blocks->items = items != MAP_FAILED ? items : NULL;
    return blocks->items;
}

static void *free_handed(void *context) {
    struct blocks *blocks = context;
    for (size_t i = 0; i < blocks->handed; i++) {
        free(blocks->items[i]);
    }
    return NULL;
}

// The list goes, the kept blocks stay: nobody needs to know them any more.
static void blocks_close(struct blocks *blocks) {
    if (blocks->items) {
        munmap(blocks->items, blocks->count * sizeof *blocks->items);
    }
}

static _Bool free_handed_elsewhere(struct blocks *blocks) {
    pthread_t thread;
    return pthread_create(&thread, NULL, free_handed, blocks) == 0 && pthread_join(thread, NULL) == 0;
}

// ---- Runs ----

struct run {
    size_t site, size_bytes;
    struct fate fate;
    struct blocks blocks;
    _Bool failed;
};

static void *allocate_all(void *context) {
    struct run *run = context;
    for (size_t i = 0; i < run->fate.passed; i++) {
        void *block = sites[run->site].allocate(run->size_bytes);
        run->failed |= !block;
        free(block);
    }
    for (size_t i = 0; i < run->blocks.count; i++) {
        run->blocks.items[i] = sites[run->site].allocate(run->size_bytes);
        run->failed |= !run->blocks.items[i];
    }
    return NULL;
}

_Bool site_run(size_t site, size_t size_bytes, struct fate fate) {
    struct run run = {.site = site, .size_bytes = size_bytes, .fate = fate};
    if (!blocks_open(&run.blocks, fate)) {
        return 0;
    }
    allocate_all(&run);
    _Bool freed = free_handed_elsewhere(&run.blocks);
    blocks_close(&run.blocks);
    return freed && !run.failed;
}

_Bool site_run_on_threads(size_t site, size_t size_bytes, struct fate fate) {
    struct run runs[SITE_THREADS];
    pthread_t threads[SITE_THREADS];
    for (size_t i = 0; i < SITE_THREADS; i++) {
        runs[i] = (struct run){.site = site, .size_bytes = size_bytes, .fate = fate};
        if (!blocks_open(&runs[i].blocks, fate) || pthread_create(&threads[i], NULL, allocate_all, &runs[i]) != 0) {
            return 0; // the program gives up, and takes the threads with it
        }
    }
    _Bool ok = 1;
    for (size_t i = 0; i < SITE_THREADS; i++) {
        ok &= pthread_join(threads[i], NULL) == 0 && !runs[i].failed;
        free_handed(&runs[i].blocks); // by the caller: its own thread had nothing to do with them
        blocks_close(&runs[i].blocks);
    }
    return ok;
}

static __attribute__((noinline)) void *site_realloc_growth(void *block, size_t size) {
    block = realloc(block, size);
    OBSERVE(block);
    return block;
}

const char *site_grow_name(void) {
    return "site_realloc_growth";
}

static void *grow(const size_t *sizes_bytes, size_t size_count) {
    void *block = NULL;
    for (size_t i = 0; i < size_count; i++) {
        void *grown = site_realloc_growth(block, sizes_bytes[i]);
        if (!grown) {
            free(block);
            return NULL;
        }
        block = grown;
    }
    return block;
}

_Bool site_grow(const size_t *sizes_bytes, size_t size_count, struct fate fate) {
    struct blocks blocks;
    if (!blocks_open(&blocks, fate)) {
        return 0;
    }
    _Bool ok = 1;
    for (size_t i = 0; i < fate.passed; i++) {
        void *block = grow(sizes_bytes, size_count);
        ok &= !!block;
        free(block);
    }
    for (size_t i = 0; i < blocks.count; i++) {
        blocks.items[i] = grow(sizes_bytes, size_count);
        ok &= !!blocks.items[i];
    }
    ok &= free_handed_elsewhere(&blocks);
    blocks_close(&blocks);
    return ok;
}
