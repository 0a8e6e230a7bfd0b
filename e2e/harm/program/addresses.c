// addresses.c: a deterministic sequence of allocations in one thread by all functions of the family. Prints each block's address, its size
// for the allocator, and a missing alignment: all must be the same with and without sampling. Checks contents as well.
//
// usage: addresses INTERVAL ARENA OPERATIONS
// INTERVAL 0: not sampled. ARENA main: glibc's first arena; thread: a thread's arena; any: another allocator, for which only sizes are
// printed. An address is printed as "mapped+OFFSET IN THE PAGE", "thread+OFFSET IN THE ARENA'S HEAP", or "main+OFFSET" from the first
// block, so that the kernel's choice of addresses does not matter.
//
// The profiler is started in a thread with an arena of its own, so that its allocations are not in the arena under test.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../cmemprof/cmemprof.h"

enum { SLOTS = 256, MAX_OPERATIONS = 200000, FILLED_BYTES = 64 * 1024, EDGE_BYTES = 64 };
#define HEAP_BYTES ((uintptr_t)64 << 20) // a heap of a thread's arena lies on a multiple of it

static void fail(const char *what, unsigned operation) {
    fprintf(stderr, "addresses: operation %u: %s\n", operation, what);
    exit(1);
}

// ---- Operations ----

enum operation { MALLOC, CALLOC, REALLOC, REALLOCARRAY, POSIX_MEMALIGN, ALIGNED_ALLOC, MEMALIGN, VALLOC, FREE, OPERATIONS };
static const char *const names[] = {"malloc",        "calloc",   "realloc", "reallocarray", "posix_memalign",
                                    "aligned_alloc", "memalign", "valloc",  "free"};

struct slot {
    unsigned char *block;
    size_t size;
    unsigned char value; // what it is filled with
};

struct record {
    enum operation operation;
    size_t size, usable;
    uintptr_t address;
    bool aligned; // as asked; jemalloc's valloc(0) and mimalloc 2.0.9's aligned_alloc(512, 512) are not
    size_t head;  // glibc's word in front of the block
};

struct sequence {
    uint64_t random;
    unsigned operations;
    bool is_glibc, in_thread;
    struct slot slots[SLOTS];
    struct record records[MAX_OPERATIONS];
};
static struct sequence sequence;

static uint64_t draw(struct sequence *self, uint64_t below) { // xorshift64*
    self->random ^= self->random >> 12;
    self->random ^= self->random << 25;
    self->random ^= self->random >> 27;
    return (self->random * 0x2545F4914F6CDD1DULL >> 16) % below;
}

// One in 256 is above 32 MiB, where glibc maps every block separately. The others are up to 8 MiB, and in a thread's arena up to 256 KiB,
// so that all fit into its first heap: the address of a second heap is random. Size zero occurs as well.
static size_t draw_size(struct sequence *self) {
    if (draw(self, 256) == 0) {
        return ((size_t)33 << 20) + draw(self, (uint64_t)32 << 20);
    }
    return draw(self, (uint64_t)2 << draw(self, self->in_thread ? 18 : 23));
}

// Fills small blocks completely; of large ones only the ends, to save time.
static void each_part(struct slot *slot, void (*visit)(unsigned char *from, size_t size, const struct slot *slot, unsigned operation),
                      unsigned operation) {
    if (slot->size <= FILLED_BYTES) {
        visit(slot->block, slot->size, slot, operation);
    } else {
        visit(slot->block, EDGE_BYTES, slot, operation);
        visit(slot->block + slot->size - EDGE_BYTES, EDGE_BYTES, slot, operation);
    }
}

static void fill(unsigned char *from, size_t size, const struct slot *slot, unsigned operation) {
    (void)operation;
    memset(from, slot->value, size);
}

static void want_filled(unsigned char *from, size_t size, const struct slot *slot, unsigned operation) {
    for (size_t i = 0; i < size; i++) {
        if (from[i] != slot->value) {
            fail("contents have changed", operation);
        }
    }
}

static void want_zero(unsigned char *from, size_t size, const struct slot *slot, unsigned operation) {
    (void)slot;
    for (size_t i = 0; i < size; i++) {
        if (from[i] != 0) {
            fail("calloc did not clear", operation);
        }
    }
}

static void *take(struct sequence *self, enum operation operation, size_t size, size_t alignment) {
    void *block = NULL;
    switch (operation) {
    case MALLOC:
        return malloc(size);
    case CALLOC:
        return calloc(1, size);
    case POSIX_MEMALIGN:
        return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
    case ALIGNED_ALLOC:
        return aligned_alloc(alignment, size);
    case MEMALIGN:
        return memalign(alignment, size);
    default:
        (void)self;
        return valloc(size);
    }
}

// realloc(block, 0) frees it on glibc, so never 0.
static void grow(struct slot *slot, enum operation operation, size_t size, unsigned number) {
    struct slot before = *slot;
    slot->block = operation == REALLOC ? realloc(before.block, size) : reallocarray(before.block, 1, size);
    if (!slot->block) {
        fail("no memory", number);
    }
    slot->size = size;
    if (before.block) {
        size_t kept = before.size < size ? before.size : size;
        want_filled(slot->block, before.size <= FILLED_BYTES ? kept : kept < EDGE_BYTES ? kept : EDGE_BYTES, &before, number);
    }
}

static void allocate(struct sequence *self, struct slot *slot, enum operation operation, unsigned number) {
    bool asks = operation >= POSIX_MEMALIGN;
    size_t size = draw_size(self), alignment = !asks ? 8 : operation == VALLOC ? 4096 : (size_t)16 << draw(self, 9); // 16 to 4,096
    if (operation == REALLOC || operation == REALLOCARRAY) {
        grow(slot, operation, size != 0 ? size : 1, number);
    } else {
        free(slot->block);
        *slot = (struct slot){take(self, operation, size, alignment), size, 0};
        if (!slot->block) {
            fail("no memory", number);
        }
    }
    if (operation == CALLOC) {
        each_part(slot, want_zero, number);
    }
    slot->value = (unsigned char)number;
    each_part(slot, fill, number);
    self->records[number] = (struct record){
        .operation = operation,
        .size = slot->size,
        .usable = malloc_usable_size(slot->block),
        .address = (uintptr_t)slot->block,
        .aligned = (uintptr_t)slot->block % alignment == 0,
        .head = self->is_glibc ? ((size_t *)(void *)slot->block)[-1] : 0,
    };
}

static void drop(struct slot *slot, unsigned number) {
    if (slot->block) {
        each_part(slot, want_filled, number);
        free(slot->block);
    }
    *slot = (struct slot){NULL, 0, 0};
}

static void *run(void *argument) {
    struct sequence *self = argument;
    for (unsigned i = 0; i < self->operations; i++) {
        struct slot *slot = &self->slots[draw(self, SLOTS)];
        enum operation operation = (enum operation)draw(self, OPERATIONS + 3); // more frees than others
        if (operation >= FREE) {
            drop(slot, i);
            self->records[i].operation = FREE;
        } else {
            allocate(self, slot, operation, i);
        }
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        drop(&self->slots[i], self->operations);
    }
    return NULL;
}

// ---- Output ----

static void print(const struct sequence *self) {
    uintptr_t first = 0;
    for (unsigned i = 0; i < self->operations; i++) {
        const struct record *record = &self->records[i];
        if (record->operation == FREE) {
            continue;
        }
        printf("%u %s(%zu) usable %zu%s", i, names[record->operation], record->size, record->usable, record->aligned ? "" : " unaligned");
        if (!self->is_glibc) {
            puts("");
        } else if (record->head & 2) { // malloc.c: IS_MMAPPED
            printf(" mapped+%lu\n", (unsigned long)record->address % 4096);
        } else if (record->head & 4) { // NON_MAIN_ARENA
            printf(" thread+%lu\n", (unsigned long)(record->address % HEAP_BYTES));
        } else {
            first = first == 0 ? record->address : first;
            printf(" main%+ld\n", (long)(record->address - first));
        }
    }
}

// ---- The profiler ----

static pthread_barrier_t started, ended;
static uint64_t interval;

static void *start_profiler(void *argument) {
    (void)argument;
    void *volatile block = malloc(1); // an arena, also where nothing is started
    free(block);
    if (interval != 0) {
        enum cmemprof_error (*start)(uint64_t) = (enum cmemprof_error(*)(uint64_t))dlsym(RTLD_DEFAULT, "cmemprof_start");
        if (!start || start(interval) != CMEMPROF_OK) {
            fail("the profiler does not start", 0);
        }
    }
    pthread_barrier_wait(&started);
    pthread_barrier_wait(&ended); // so that nobody gets the arena
    return NULL;
}

static uint64_t samples(void) {
    struct cmemprof_stats stats = {0};
    void (*get)(struct cmemprof_stats *) = (void (*)(struct cmemprof_stats *))dlsym(RTLD_DEFAULT, "cmemprof_get_stats");
    if (get) {
        get(&stats);
    }
    return stats.samples;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fputs("usage: addresses INTERVAL main|thread|any OPERATIONS\n", stderr);
        return 2;
    }
    interval = strtoull(argv[1], NULL, 10);
    sequence.operations = (unsigned)strtoul(argv[3], NULL, 10);
    sequence.random = 0x9E3779B97F4A7C15ULL;
    sequence.in_thread = strcmp(argv[2], "thread") == 0;
    sequence.is_glibc = strcmp(argv[2], "any") != 0;
    pthread_t starter, thread;
    if (sequence.operations > MAX_OPERATIONS || pthread_barrier_init(&started, NULL, 2) != 0 ||
        pthread_barrier_init(&ended, NULL, 2) != 0 || pthread_create(&starter, NULL, start_profiler, NULL) != 0) {
        fail("not started", 0);
    }
    pthread_barrier_wait(&started);
    uint64_t before = samples();
    if (sequence.in_thread) {
        if (pthread_create(&thread, NULL, run, &sequence) != 0) {
            fail("no thread", 0);
        }
        pthread_join(thread, NULL);
    } else {
        run(&sequence);
    }
    fprintf(stderr, "samples %llu\n", (unsigned long long)(samples() - before));
    pthread_barrier_wait(&ended);
    pthread_join(starter, NULL);
    print(&sequence);
    return 0;
}
