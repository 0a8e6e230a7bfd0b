// python_objects_test.c: blocks that an allocator above malloc cuts out of arenas are samples, once each. This program is hooked; what it
// has in the place of Python's allocator cuts small blocks out of an arena, and takes others from malloc. e2e/python has the real one.

#include "../../base/test/test.h"

#include "../../cmemprof/test/own_profile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../cmemprof/mapped_ranges.h"
#include "../../cmemprof/test/sampling.h"
#include "../python_arenas.h"
#include "../python_objects.h"

#define SITE static __attribute__((noinline))
enum { ARENA_BYTES = 1 << 20, SMALL_BYTES = 512 };

// ---- In the place of Python's ----

static struct python_allocator allocators[3];
static struct python_arenas arenas;
static char *arena;
static size_t arena_used;
static bool fails;

static bool is_in_arena(const void *block) {
    return arena && (const char *)block >= arena && (const char *)block < arena + ARENA_BYTES;
}

static void *cut(void *context, size_t size) {
    assert_ptr_equal(context, &arena_used);
    if (fails) {
        return NULL;
    }
    if (size > SMALL_BYTES) {
        return malloc(size);
    }
    if (!arena || arena_used + SMALL_BYTES > ARENA_BYTES) {
        arena = arenas.alloc(arenas.context, ARENA_BYTES);
        arena_used = 0;
    }
    arena_used += SMALL_BYTES;
    return arena + arena_used - SMALL_BYTES;
}

static void *cut_zeroed(void *context, size_t count, size_t size) {
    void *block = count != 0 && size > SIZE_MAX / count ? NULL : cut(context, count * size);
    return block ? memset(block, 0, count * size) : NULL;
}

static void give_back(void *context, void *block) {
    assert_ptr_equal(context, &arena_used);
    if (!is_in_arena(block)) {
        free(block);
    }
}

// As Python's: a block of malloc's stays one, also if it becomes small.
static void *cut_again(void *context, void *block, size_t size) {
    if (fails || (is_in_arena(block) && size <= SMALL_BYTES)) {
        return fails ? NULL : block;
    }
    if (block && !is_in_arena(block)) {
        return realloc(block, size);
    }
    void *moved = cut(context, size);
    if (moved && block) {
        memcpy(moved, block, SMALL_BYTES);
        give_back(context, block);
    }
    return moved;
}

SITE void *map_arena(void *context, size_t size) {
    (void)context;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    __asm__ volatile("" : "+r"(base));
    return base;
}
static void unmap_arena(void *context, void *base, size_t size) {
    (void)context;
    munmap(base, size);
}
static void get(enum python_domain domain, struct python_allocator *allocator) {
    *allocator = allocators[domain];
}
static void set(enum python_domain domain, struct python_allocator *allocator) {
    allocators[domain] = *allocator;
}
static void get_arenas(struct python_arenas *to) {
    *to = arenas;
}
static void set_arenas(struct python_arenas *from) {
    arenas = *from;
}

static const char *name(void) {
    return "pymalloc";
}

static const struct python_allocators python = {get, set, get_arenas, set_arenas, name, .has_gil = true};

// ---- Sites ----

SITE void *allocate_here(size_t size) {
    void *block = allocators[PYTHON_OBJECTS].malloc(allocators[PYTHON_OBJECTS].context, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
SITE void *zeroed_here(size_t count, size_t size) {
    void *block = allocators[PYTHON_MEMORY].calloc(allocators[PYTHON_MEMORY].context, count, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
SITE void *again_here(void *block, size_t size) {
    block = allocators[PYTHON_MEMORY].realloc(allocators[PYTHON_MEMORY].context, block, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
static void release(void *block) {
    allocators[PYTHON_OBJECTS].free(allocators[PYTHON_OBJECTS].context, block);
}

// Of each site since the test began: objects and bytes allocated, and in use.
static const char *const sites[] = {"allocate_here", "zeroed_here", "again_here", "map_arena"};
enum { SITES = sizeof sites / sizeof *sites };
static int64_t before[SITES][4];

static int objects_setup(void **state) {
    int status = sampling_setup(state);
    struct profile *profile = take_profile();
    for (int i = 0; i < SITES; i++) {
        sum_of(profile, sites[i], before[i]);
    }
    profile_free(profile);
    return status;
}
#define objects_teardown sampling_teardown

static void expect(const char *site, int64_t alloc_objects, int64_t alloc_bytes, int64_t inuse_objects, int64_t inuse_bytes) {
    int64_t expected[] = {alloc_objects, alloc_bytes, inuse_objects, inuse_bytes}, sums[4];
    struct profile *profile = take_profile();
    sum_of(profile, site, sums);
    profile_free(profile);
    int at = 0;
    while (strcmp(sites[at], site) != 0) {
        at++;
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sums[i] - before[at][i], expected[i]);
    }
}

// ---- Tests ----

TEST_IN(objects, a_block_of_an_arena_is_a_sample) {
    void *first = allocate_here(100), *second = allocate_here(200);
    assert_true(is_in_arena(first) && is_in_arena(second));
    expect("allocate_here", 2, 300, 2, 300);
    release(first);
    expect("allocate_here", 2, 300, 1, 200);
    release(second);
    expect("allocate_here", 2, 300, 0, 0);
}

TEST_IN(objects, a_block_of_malloc_counts_once) {
    void *block = allocate_here(5000), *zeroed = zeroed_here(3, 1000);
    assert_false(is_in_arena(block));
    expect("allocate_here", 1, 5000, 1, 5000);
    expect("zeroed_here", 1, 3000, 1, 3000);
    release(block);
    release(zeroed);
    expect("allocate_here", 1, 5000, 0, 0);
    expect("zeroed_here", 1, 3000, 0, 0);
}

TEST_IN(objects, calloc_counts_all_its_items) {
    char *block = zeroed_here(10, 20);
    assert_true(is_in_arena(block));
    expect("zeroed_here", 1, 200, 1, 200);
    assert_null(zeroed_here(SIZE_MAX / 2, 3));
    expect("zeroed_here", 1, 200, 1, 200);
    release(block);
}

TEST_IN(objects, realloc_is_a_free_and_an_allocation) {
    void *block = allocate_here(100);
    assert_ptr_equal(again_here(block, 300), block); // where it is
    expect("allocate_here", 1, 100, 0, 0);
    expect("again_here", 1, 300, 1, 300);
    block = again_here(block, 6000); // to malloc
    assert_false(is_in_arena(block));
    expect("again_here", 2, 6300, 1, 6000);
    block = again_here(block, 50); // stays there
    assert_false(is_in_arena(block));
    expect("again_here", 3, 6350, 1, 50);
    release(block);
    expect("again_here", 3, 6350, 0, 0);
    release(again_here(NULL, 40));
    expect("again_here", 4, 6390, 0, 0);
}

TEST_IN(objects, what_fails_changes_nothing) {
    void *block = allocate_here(100);
    fails = true;
    assert_null(again_here(block, 200));
    assert_null(allocate_here(10));
    fails = false;
    expect("allocate_here", 1, 100, 1, 100);
    expect("again_here", 0, 0, 0, 0);
    release(block);
    expect("allocate_here", 1, 100, 0, 0);
}

// Distances are drawn as malloc's are.
TEST(an_interval_is_kept) {
    static const int64_t BLOCKS = 400000, BYTES = 100, INTERVAL = 16384;
    int64_t ended[4];
    struct profile *earlier = take_profile();
    sum_of(earlier, "allocate_here", ended);
    profile_free(earlier);
    assert_int_equal(cmemprof_start(INTERVAL), CMEMPROF_OK);
    for (int i = 0; i < BLOCKS; i++) {
        release(allocate_here(BYTES));
        arena_used = arena_used > ARENA_BYTES / 2 ? 0 : arena_used;
    }
    struct profile *profile = take_profile();
    cmemprof_stop();
    int64_t sums[4];
    sum_of(profile, "allocate_here", sums);
    profile_free(profile);
    sums[1] -= ended[1];
    // 2,441 samples expected: eight standard errors are 16 %
    assert_in_range(sums[1], BLOCKS * BYTES * 84 / 100, BLOCKS * BYTES * 116 / 100);
    assert_in_range(sums[3], 0, 2 * INTERVAL); // of one block
}

struct owned {
    uintptr_t at;
    int owner; // -1: not known
};
static void look(const struct mapped_range *range, void *context) {
    struct owned *owned = context;
    if (owned->at >= range->low && owned->at < range->high) {
        owned->owner = range->owner;
    }
}

TEST_IN(objects, arenas_are_the_allocators) {
    arena = NULL;
    void *block = allocate_here(10);
    struct owned owned = {(uintptr_t)arena, -1};
    assert_true(mapped_ranges_each(&profiler, look, &owned));
    assert_int_equal(owned.owner, MAPPING_OF_ARENAS);
    expect("map_arena", 0, 0, 0, 0);
    release(block);
    arenas.free(arenas.context, arena, ARENA_BYTES);
    owned.owner = -1;
    assert_true(mapped_ranges_each(&profiler, look, &owned));
    assert_int_equal(owned.owner, -1);
    arena = NULL;
}

static bool is_said_to_be_missing(void) {
    struct profile *profile = take_profile();
    const char *texts[8];
    size_t count = profile_warnings(profile, texts, 8);
    bool is_said = false;
    for (size_t i = 0; i < count; i++) {
        is_said = is_said || strstr(texts[i], "objects of Python are not told apart");
    }
    profile_free(profile);
    return is_said;
}

// Another allocator that takes the place of the hooked one leaves nothing that says what is in arenas: they are mappings like others.
TEST_IN(objects, arenas_without_the_hooks_are_mappings) {
    atomic_store(&profiler.python.objects, PYTHON_OBJECTS_HOOKED);
    void *stack = arenas.alloc(arenas.context, 16384);
    assert_false(is_said_to_be_missing());
    void *base = arenas.alloc(arenas.context, ARENA_BYTES);
    assert_true(is_said_to_be_missing());
    expect("map_arena", 2, ARENA_BYTES + 16384, 2, ARENA_BYTES + 16384);
    arenas.free(arenas.context, base, ARENA_BYTES);
    arenas.free(arenas.context, stack, 16384);
    release(allocate_here(10)); // they are there again
    assert_false(is_said_to_be_missing());
    base = map_arena(NULL, ARENA_BYTES); // past the hooks, as by an interpreter that was initialised again
    assert_true(is_said_to_be_missing());
    unmap_arena(NULL, base, ARENA_BYTES);
}

TEST_IN(objects, what_is_not_seen_is_said) {
    struct python_allocator memory = allocators[PYTHON_MEMORY];
    release(allocate_here(10));
    assert_false(is_said_to_be_missing());
    struct python_allocators without_gil = python;
    without_gil.has_gil = false;
    python_objects_hook(&without_gil);
    assert_true(is_said_to_be_missing());
    assert_memory_equal(&allocators[PYTHON_MEMORY], &memory, sizeof memory); // and nothing was set
    atomic_store(&profiler.python.objects, PYTHON_OBJECTS_HOOKED);           // an interpreter that is not used lacks nothing
    assert_false(is_said_to_be_missing());
}

TEST_IN(objects, who_reads_objects_may_hold_arenas) {
    assert_true(python_arenas_hold());
    python_arenas_release();
}

TEST(no_interpreter) {
    struct python_allocators none;
    assert_false(python_find_allocators(&none));
}

int main(void) {
    allocators[PYTHON_MEMORY] = allocators[PYTHON_OBJECTS] = (struct python_allocator){&arena_used, cut, cut_zeroed, cut_again, give_back};
    arenas = (struct python_arenas){NULL, map_arena, unmap_arena};
    python_objects_hook(&python);
    return tests_run();
}
