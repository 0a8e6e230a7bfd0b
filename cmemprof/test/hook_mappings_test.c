// hook_mappings_test.c: each function maps what the program asked for, and its memory is in the profile with the stack that called it. This
// program is hooked.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "own_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mapped_ranges.h"
#include "../profiler.h"
#include "sampling.h"

#define MIB ((size_t)1 << 20)
#define SITE static __attribute__((noinline))

SITE void *map_here(size_t size) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    __asm__ volatile("" : "+r"(base));
    return base;
}
SITE void *map64_here(size_t size) {
    void *base = mmap64(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    __asm__ volatile("" : "+r"(base));
    return base;
}
SITE void *move_here(void *base, size_t size, size_t new_size) {
    base = mremap(base, size, new_size, MREMAP_MAYMOVE);
    __asm__ volatile("" : "+r"(base));
    return base;
}
SITE void *attach_here(int id) {
    void *base = shmat(id, NULL, 0);
    __asm__ volatile("" : "+r"(base));
    return base;
}

static void expect(const char *site, int64_t alloc_objects, int64_t alloc_bytes, int64_t inuse_objects, int64_t inuse_bytes) {
    struct profile *profile = take_profile();
    int64_t sums[4];
    sum_of(profile, site, sums);
    assert_int_equal(sums[0], alloc_objects);
    assert_int_equal(sums[1], alloc_bytes);
    assert_int_equal(sums[2], inuse_objects);
    assert_int_equal(sums[3], inuse_bytes);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (has_function(&view, site)) {
            assert_int_equal(view.label_count, 1);
            assert_string_equal(view.labels[0].key, "memory");
            assert_string_equal(view.labels[0].text, "mmap");
            assert_string_equal(view.frames[0].function, site); // the leaf is who called, as for malloc
        }
    }
    profile_free(profile);
}

TEST_IN(sampling, mappings_are_in_the_profile) {
    char *first = map_here(3 * MIB), *second = map64_here(MIB + 1);
    expect("map_here", 1, 3 * MIB, 1, 3 * MIB);
    expect("map64_here", 1, MIB + 4096, 1, MIB + 4096); // whole pages
    munmap(first + MIB, MIB);
    expect("map_here", 1, 3 * MIB, 2, 2 * MIB); // in two pieces
    munmap(first, 3 * MIB);
    munmap(second, MIB + 1);
    expect("map_here", 1, 3 * MIB, 0, 0);
    expect("map64_here", 1, MIB + 4096, 0, 0);
}

TEST_IN(sampling, mremap_is_a_new_mapping) {
    void *base = move_here(map_here(MIB), MIB, 5 * MIB);
    expect("move_here", 1, 5 * MIB, 1, 5 * MIB);
    expect("map_here", 2, 4 * MIB, 0, 0);
    if (emulator()) {
        munmap(base, 5 * MIB);
        SKIP_EMULATED(EMULATED_MREMAP);
    }
    base = move_here(base, 5 * MIB, 2 * MIB);
    expect("move_here", 1, 5 * MIB, 1, 2 * MIB);
    munmap(base, 2 * MIB);
    expect("move_here", 1, 5 * MIB, 0, 0);
}

TEST_IN(sampling, segments_are_detached_whole) {
    int id = shmget(IPC_PRIVATE, 64 * 1024, 0600);
    if (id == -1) {
        skip(); // not in every container
    }
    char *first = attach_here(id), *second = attach_here(id);
    shmctl(id, IPC_RMID, NULL);
    expect("attach_here", 2, 128 * 1024, 2, 128 * 1024);
    munmap(first + 16 * 1024, 16 * 1024);
    assert_int_equal(shmdt(first), 0); // both pieces
    expect("attach_here", 2, 128 * 1024, 1, 64 * 1024);
    assert_int_equal(shmdt(second), 0);
    assert_int_equal(shmdt(second), -1);
    assert_int_equal(errno, EINVAL);
    expect("attach_here", 2, 128 * 1024, 0, 0);
}

// What the kernel says of a call is what the program gets.
TEST_IN(sampling, results_are_the_kernels) {
    char *base = map_here(MIB);
    errno = 0;
    assert_ptr_equal(mmap(base, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), base);
    assert_int_equal(errno, 0);
    assert_true(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    assert_int_equal(errno, EINVAL);
    assert_true(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED);
    assert_int_equal(errno, EBADF);
    assert_true(mremap(base + 1, 4096, 4096, 0) == MAP_FAILED);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(munmap(base + 1, 4096), -1);
    assert_int_equal(errno, EINVAL);
    assert_true(shmat(-1, NULL, 0) == (void *)-1);
    assert_int_equal(errno, EINVAL);
    munmap(base, MIB);
}

// Mapped and allocated by one call, as by a function that takes large blocks from mmap.
SITE void *take_either(void *(*how)(size_t), size_t size) {
    void *block = how(size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
SITE void *take_by_malloc(size_t size) {
    return malloc(size); // a jump, if optimized: the return address is take_either's
}
SITE void *take_by_mmap(size_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST_IN(sampling, blocks_and_mappings_of_one_call_are_told_apart) {
    void *volatile taken[4];
    volatile int count = 4; // so that there is one call, not four
    for (int i = 0; i < count; i++) {
        taken[i] = take_either(i % 2 == 0 ? take_by_mmap : take_by_malloc, 100000);
    }
    struct profile *profile = take_profile();
    int64_t bytes[2] = {0};
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (has_function(&view, "take_either")) {
            bytes[strcmp(view.labels[0].text, "C") == 0] += view.values[3];
        }
    }
    profile_free(profile);
    assert_int_equal(bytes[0], 2 * 102400);
    assert_int_equal(bytes[1], 2 * 100000);
    for (int i = 0; i < 4; i++) {
        i % 2 == 0 ? (void)munmap(taken[i], 100000) : free(taken[i]);
    }
}

// ---- Owners ----

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

static int owner_of(const void *at) {
    struct owned owned = {(uintptr_t)at, -1};
    assert_true(mapped_ranges_each(&profiler, look, &owned));
    return owned.owner;
}

TEST_IN(sampling, whose_it_is) {
    void *of_program = map_here(MIB);
    assert_int_equal(owner_of(of_program), MAPPING_OF_PROGRAM);
    assert_int_equal(owner_of(malloc), -1); // a library's, mapped by the loader
    profiler_enter(&thread_state);
    void *of_profiler = map_here(MIB);
    profiler_leave(&thread_state);
    assert_int_equal(owner_of(of_profiler), MAPPING_OF_PROFILER);
    expect("map_here", 4, 6 * MIB, 1, MIB);
    munmap(of_program, MIB);
    munmap(of_profiler, MIB);
    assert_int_equal(owner_of(of_program), -1);
    assert_int_equal(owner_of(of_profiler), -1);
}

// What the allocator maps while it serves the profiler is filled with the program's blocks later.
TEST_IN(sampling, an_allocators_is_its_own_whoever_asks) {
    uintptr_t start = profiler.mappings.allocator_start, end = profiler.mappings.allocator_end;
    profiler.mappings.allocator_start = (uintptr_t)map_here;
    profiler.mappings.allocator_end = (uintptr_t)map_here + 256;
    profiler_enter(&thread_state);
    void *of_allocator = map_here(MIB);
    profiler_leave(&thread_state);
    profiler.mappings.allocator_start = start;
    profiler.mappings.allocator_end = end;
    assert_int_equal(owner_of(of_allocator), MAPPING_OF_ALLOCATOR);
    munmap(of_allocator, MIB);
}

TEST_IN(sampling, figures_count_the_programs) {
    struct cmemprof_stats before = stats_now();
    void *base = map_here(MIB);
    assert_int_equal(stats_now().mappings, before.mappings + 1);
    assert_int_equal(stats_now().mapped_bytes, before.mapped_bytes + MIB);
    munmap(base, MIB);
    assert_int_equal(stats_now().mapped_bytes, before.mapped_bytes);
    assert_int_equal(stats_now().lost_mappings, 0);
    assert_int_equal(stats_now().samples - before.samples, 0); // no samples of malloc's
}

int main(void) {
    return tests_run();
}
