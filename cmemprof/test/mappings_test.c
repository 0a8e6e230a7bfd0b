// mappings_test.c: after any sequence of mappings, by any threads, the map holds what /proc/self/maps does. This program is hooked.
//
// usage: mappings_test [OPERATIONS]   random operations, 50,000 by default

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../mapped_ranges.h"
#include "../profiler.h"
#include "../smaps.h"
#include "sampling.h"

#define PAGE ((uintptr_t)4096)

// ---- What is mapped ----

enum { MAX_AREAS = 20000 };
struct areas {
    size_t count;
    struct {
        uintptr_t low, high;
    } items[MAX_AREAS];
};
static struct areas at_start, now, known;

static void add(struct areas *areas, uintptr_t low, uintptr_t high) {
    if (areas->count != 0 && areas->items[areas->count - 1].high >= low) { // joined: only what is covered counts
        areas->items[areas->count - 1].high = high;
        return;
    }
    if (areas->count == MAX_AREAS) {
        abort();
    }
    areas->items[areas->count].low = low;
    areas->items[areas->count++].high = high;
}

static void see_area(void *context, const struct smaps_area *area) {
    if (strcmp(area->name, "[heap]") != 0 && strcmp(area->name, "[stack]") != 0 && area->low < (uintptr_t)1 << 47) {
        add(context, area->low, area->high);
    }
}

static void list_mapped(struct areas *areas, const char *path) {
    static char buffer[SMAPS_BUFFER_BYTES];
    int file;
    areas->count = 0;
    if (smaps_open(path, &file) != SMAPS_OK || smaps_read(file, buffer, see_area, areas) != SMAPS_OK) {
        abort();
    }
    close(file);
}

static void see_range(const struct mapped_range *range, void *context) {
    add(context, range->low, range->high);
}

// The end of the area that covers the address; 0: none does.
static uintptr_t end_of(const struct areas *areas, uintptr_t address) {
    size_t low = 0, high = areas->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (areas->items[middle].high > address) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < areas->count && areas->items[low].low <= address ? areas->items[low].high : 0;
}

// Bytes of `these` that are neither in `those` nor were mapped at the start.
static uintptr_t difference(const struct areas *these, const struct areas *those) {
    uintptr_t missing = 0;
    for (size_t i = 0; i < these->count; i++) {
        for (uintptr_t at = these->items[i].low, end; at < these->items[i].high; at = end) {
            end = end_of(those, at) != 0 ? end_of(those, at) : end_of(&at_start, at);
            missing += end == 0 ? PAGE : 0;
            end = end == 0 ? at + PAGE : end;
        }
    }
    return missing;
}

static uintptr_t mapped_and_unknown(void) {
    list_mapped(&now, "/proc/self/maps");
    return difference(&now, &known);
}

// By the first thread's file: an emulator makes up the process's, without the areas in which the kernel has joined its own memory with the
// program's (findings/qemu-user.sh), and this one has more than the program's.
static uintptr_t known_and_gone(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/maps", (int)getpid());
    list_mapped(&now, path);
    return difference(&known, &now);
}

static bool is_exact(void) {
    known.count = 0;
    if (!mapped_ranges_each(&profiler, see_range, &known)) {
        return false;
    }
    uintptr_t unknown = mapped_and_unknown(), gone = known_and_gone();
    if (unknown != 0 || gone != 0) {
        fprintf(stderr, "%zu bytes are mapped and unknown, %zu known and not mapped\n", (size_t)unknown, (size_t)gone);
    }
    return unknown == 0 && gone == 0;
}

static uint64_t lost(void) {
    struct mapping_stats stats;
    mapped_ranges_read_stats(&profiler, &stats);
    return stats.lost;
}

// ---- Random operations ----

// A thread's own pages, of which a model says what kind each has, and mappings where the kernel puts them.
enum { ARENA_PAGES = 256, FLOATING = 24, FLOATING_PAGES = 8, NONE = 255 };
struct mapper {
    uintptr_t arena;
    uint8_t model[ARENA_PAGES];
    struct {
        uintptr_t low;
        size_t pages;
        uint8_t kind;
    } floating[FLOATING];
    uint64_t random;
    pthread_t thread;
};

static int file_of_pages = -1;

static uint32_t below(struct mapper *mapper, uint32_t limit) {
    mapper->random = mapper->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(mapper->random >> 33) % limit;
}

static void *map(uintptr_t at, size_t pages, uint8_t kind) {
    static const int flags[] = {
        [MAPPING_ANONYMOUS] = MAP_PRIVATE | MAP_ANONYMOUS, [MAPPING_SHARED] = MAP_SHARED | MAP_ANONYMOUS, [MAPPING_FILE] = MAP_PRIVATE};
    return mmap((void *)at, pages * PAGE, PROT_READ | PROT_WRITE, flags[kind] | (at != 0 ? MAP_FIXED : 0),
                kind == MAPPING_FILE ? file_of_pages : -1, 0);
}

static void open_mapper(struct mapper *mapper, uint64_t seed) {
    memset(mapper, 0, sizeof *mapper);
    mapper->random = seed;
    memset(mapper->model, NONE, sizeof mapper->model);
    // Reserved, so that nobody else is given these addresses, and then given up page by page.
    void *base = mmap(NULL, ARENA_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(base != MAP_FAILED);
    mapper->arena = (uintptr_t)base;
    memset(mapper->model, MAPPING_ANONYMOUS, sizeof mapper->model);
}

// The whole arena stays mapped: a hole could be given to another thread. What is unmapped in turn is in the floating mappings.
static void map_in_arena(struct mapper *mapper) {
    uint32_t at = below(mapper, ARENA_PAGES), pages = 1 + below(mapper, 6), kind = below(mapper, 3);
    pages = pages < ARENA_PAGES - at ? pages : ARENA_PAGES - at;
    if (map(mapper->arena + at * PAGE, pages, (uint8_t)kind) == MAP_FAILED) {
        abort();
    }
    memset(&mapper->model[at], (int)kind, pages);
}

static void float_one(struct mapper *mapper, unsigned i) {
    size_t pages = 1 + below(mapper, FLOATING_PAGES);
    uint8_t kind = (uint8_t)below(mapper, 3);
    void *base = map(0, pages, kind);
    if (base == MAP_FAILED) {
        abort();
    }
    mapper->floating[i].low = (uintptr_t)base;
    mapper->floating[i].pages = pages;
    mapper->floating[i].kind = kind;
}

// Unmaps all, the lower part, the upper part, or the middle and then the rest: not across the hole, which may be another thread's by now.
static void sink_one(struct mapper *mapper, unsigned i) {
    uintptr_t low = mapper->floating[i].low;
    size_t pages = mapper->floating[i].pages, cut = 1 + below(mapper, (uint32_t)pages);
    uint32_t how = below(mapper, 4);
    if (how == 0 && cut < pages) {
        munmap((void *)low, cut * PAGE);
        mapper->floating[i].low += cut * PAGE;
        mapper->floating[i].pages -= cut;
    } else if (how == 1 && cut < pages) {
        munmap((void *)(low + (pages - cut) * PAGE), cut * PAGE);
        mapper->floating[i].pages -= cut;
    } else if (how == 2 && pages > 2) {
        munmap((void *)(low + PAGE), PAGE);
        munmap((void *)low, PAGE);
        munmap((void *)(low + 2 * PAGE), (pages - 2) * PAGE);
        mapper->floating[i].pages = 0;
    } else {
        munmap((void *)low, pages * PAGE);
        mapper->floating[i].pages = 0;
    }
}

// Moves, lengthens or shortens a floating mapping, sometimes into the arena. It fails now and then: no room, or areas that the kernel has
// joined.
static void move_one(struct mapper *mapper, unsigned i) {
    size_t pages = 1 + below(mapper, FLOATING_PAGES), old_pages = mapper->floating[i].pages;
    void *old = (void *)mapper->floating[i].low;
    uint32_t at = below(mapper, ARENA_PAGES - FLOATING_PAGES);
    uint32_t how = below(mapper, 4);
    if (how == 0) {
        void *target = (void *)(mapper->arena + at * PAGE);
        void *moved = mremap(old, old_pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
        if (moved == MAP_FAILED) {
            abort();
        }
        memset(&mapper->model[at], mapper->floating[i].kind, pages);
        mapper->floating[i].pages = 0;
        return;
    }
    void *moved = mremap(old, old_pages * PAGE, pages * PAGE, how == 1 ? 0 : MREMAP_MAYMOVE);
    if (moved != MAP_FAILED) {
        mapper->floating[i].low = (uintptr_t)moved;
        mapper->floating[i].pages = pages;
    }
}

static void operate(struct mapper *mapper) {
    unsigned i = below(mapper, FLOATING);
    if (below(mapper, 4) == 0) {
        map_in_arena(mapper);
    } else if (mapper->floating[i].pages == 0) {
        float_one(mapper, i);
    } else if (below(mapper, 2) == 0) {
        move_one(mapper, i);
    } else {
        sink_one(mapper, i);
    }
}

static void sink_all(struct mapper *mapper) {
    for (unsigned i = 0; i < FLOATING; i++) {
        if (mapper->floating[i].pages != 0) {
            munmap((void *)mapper->floating[i].low, mapper->floating[i].pages * PAGE);
        }
    }
    munmap((void *)mapper->arena, ARENA_PAGES * PAGE);
}

// Each page of the arena has the kind of its mapping, and a stack.
struct checked {
    const struct mapper *mapper;
    unsigned pages, wrong, nameless;
};

static void check_range(const struct mapped_range *range, void *context) {
    struct checked *checked = context;
    uintptr_t low = checked->mapper->arena;
    for (uintptr_t at = range->low; at < range->high; at += PAGE) {
        if (at >= low && at < low + ARENA_PAGES * PAGE) {
            checked->pages++;
            checked->wrong +=
                checked->mapper->model[(at - low) / PAGE] != range->kind || range->mover != 0 || range->owner != MAPPING_OF_PROGRAM;
            checked->nameless += !range->stack;
        }
    }
}

static bool agrees(const struct mapper *mapper) {
    struct checked checked = {.mapper = mapper};
    struct mapping_stats stats;
    mapped_ranges_read_stats(&profiler, &stats);
    return mapped_ranges_each(&profiler, check_range, &checked) && checked.pages == ARENA_PAGES && checked.wrong == 0 &&
           (checked.nameless == 0 || stats.nameless != 0); // too many new stacks in a second
}

// ---- By one thread and by many ----

// The notes of one round fit into the log, so that none can be lost however long a thread is kept from running.
enum { THREADS = 8, ROUND = 900 };

static struct mapper mappers[THREADS];
static pthread_barrier_t round_begins, round_ends;
static _Atomic bool enough;
static unsigned per_round, operations = 50000;

static void *operate_in_rounds(void *context) {
    for (;;) {
        pthread_barrier_wait(&round_begins);
        if (atomic_load(&enough)) {
            return NULL;
        }
        for (unsigned i = 0; i < per_round; i++) {
            operate(context);
        }
        pthread_barrier_wait(&round_ends);
    }
}

static void operate_and_compare(unsigned threads) {
    pthread_barrier_init(&round_begins, NULL, threads + 1);
    pthread_barrier_init(&round_ends, NULL, threads + 1);
    atomic_store(&enough, false);
    per_round = ROUND / threads;
    for (unsigned i = 0; i < threads; i++) {
        open_mapper(&mappers[i], i + 1);
        assert_int_equal(pthread_create(&mappers[i].thread, NULL, operate_in_rounds, &mappers[i]), 0);
    }
    mapped_ranges_apply(&profiler);
    list_mapped(&at_start, "/proc/self/maps"); // with the threads' stacks, which libc maps by itself
    uint64_t lost_before = lost();
    for (unsigned done = 0; done < operations; done += per_round * threads) {
        pthread_barrier_wait(&round_begins);
        pthread_barrier_wait(&round_ends);
        assert_true(is_exact());
        for (unsigned i = 0; i < threads; i++) {
            assert_true(agrees(&mappers[i]));
        }
    }
    assert_int_equal(lost(), lost_before);
    atomic_store(&enough, true);
    pthread_barrier_wait(&round_begins);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(mappers[i].thread, NULL);
        sink_all(&mappers[i]);
    }
}

TEST_IN(sampling, one_thread) {
    operate_and_compare(1);
}

TEST_IN(sampling, many_threads) {
    operate_and_compare(THREADS);
}

// ---- In signal handlers ----

static struct mapper interrupting;

static void operate_in_handler(int number) {
    (void)number;
    for (int i = 0; i < 3; i++) {
        operate(&interrupting);
    }
}

TEST_IN(sampling, handlers_map_too) {
    struct sigaction action = {.sa_handler = operate_in_handler}, before;
    open_mapper(&mappers[0], 100);
    open_mapper(&interrupting, 200);
    mapped_ranges_apply(&profiler);
    list_mapped(&at_start, "/proc/self/maps");
    uint64_t lost_before = lost();
    assert_int_equal(sigaction(SIGPROF, &action, &before), 0);
    for (int round = 0; round < 200; round++) {
        // The handler runs where the next instruction is: in a hook, when the signal was sent to the process a moment before.
        for (int i = 0; i < 100; i++) {
            kill(getpid(), SIGPROF);
            operate(&mappers[0]);
        }
        assert_true(is_exact());
        assert_true(agrees(&mappers[0]) && agrees(&interrupting));
    }
    sigaction(SIGPROF, &before, NULL);
    assert_int_equal(lost(), lost_before);
    sink_all(&mappers[0]);
    sink_all(&interrupting);
}

// ---- In a forked child ----

static void *operate_freely(void *context) {
    while (!atomic_load(&enough)) {
        operate(context);
    }
    return NULL;
}

// The child knows what was mapped, but for what the other threads were about to note, and goes on by itself.
static int check_in_child(struct mapper *mapper, unsigned others) {
    uintptr_t in_flight = others * 2 * FLOATING_PAGES * PAGE;
    known.count = 0;
    if (!mapped_ranges_each(&profiler, see_range, &known)) {
        return 1;
    }
    uintptr_t unknown = mapped_and_unknown();
    if (known_and_gone() != 0 || (lost() == 0 && unknown > in_flight)) {
        return 2;
    }
    for (int i = 0; i < 2000; i++) {
        operate(mapper);
    }
    known.count = 0;
    if (!mapped_ranges_each(&profiler, see_range, &known) || !agrees(mapper)) {
        return 3;
    }
    return known_and_gone() != 0 || mapped_and_unknown() > unknown ? 4 : 0;
}

TEST_IN(sampling, a_child_goes_on) {
    enum { OTHERS = 3 };
    atomic_store(&enough, false);
    for (unsigned i = 0; i <= OTHERS; i++) {
        open_mapper(&mappers[i], i + 1000);
    }
    mapped_ranges_apply(&profiler);
    for (unsigned i = 0; i < OTHERS; i++) {
        assert_int_equal(pthread_create(&mappers[i].thread, NULL, operate_freely, &mappers[i]), 0);
    }
    list_mapped(&at_start, "/proc/self/maps");
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(100);
            _exit(check_in_child(&mappers[OTHERS], OTHERS));
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&enough, true);
    for (unsigned i = 0; i <= OTHERS; i++) {
        if (i < OTHERS) {
            pthread_join(mappers[i].thread, NULL);
        }
        sink_all(&mappers[i]);
    }
}

int main(int argc, char **argv) {
    operations = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : operations;
    file_of_pages = memfd_create("pages", MFD_CLOEXEC);
    return tests_run();
}
