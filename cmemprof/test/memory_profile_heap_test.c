// memory_profile_heap_test.c: the C heap of this process: what it allocated, wrote to, and freed.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "memory_profile.h"

#include <malloc.h>

#include "sampling.h"

enum { SMALL = 1000, BLOCKS = 40000, LARGE = 32 * MIB };

static void *volatile small[BLOCKS]; // or the compiler leaves out blocks that nothing reads

static void *written(void *block, size_t size) {
    memset(block, 1, size);
    __asm__ volatile("" : : "r"(block) : "memory");
    return block;
}

static struct cmemprof_allocator_stats stats;

static bool is_glibc(void) {
    cmemprof_get_allocator_stats(&stats);
    return strcmp(stats.name, "glibc") == 0;
}

static uint64_t part_of(const struct cmemprof_memory_profile *profile, enum cmemprof_memory_part part) {
    struct cmemprof_memory_figures figures;
    cmemprof_memory_profile_figures(profile, &figures);
    return figures.parts[part];
}

static uint64_t live_records(const struct cmemprof_memory_profile *profile) {
    double sum = 0;
    for (size_t i = 0; i < profile->snapshot->record_count; i++) {
        sum += profile->snapshot->records[i].inuse_bytes;
    }
    return (uint64_t)sum;
}

// Of large blocks only the pages that were written to.
TEST_IN(sampling, allocated_is_not_resident) {
    char *block = malloc(LARGE);
    madvise((void *)(((uintptr_t)block + PAGE - 1) / PAGE * PAGE), LARGE - PAGE, MADV_NOHUGEPAGE);
    written(block, 4 * MIB);
    struct cmemprof_memory_profile *profile = taken(NULL, NULL);
    assert_near(part_of(profile, CMEMPROF_MEMORY_MALLOC_LIVE), 4 * MIB, MIB);
    assert_near(live_records(profile), 4 * MIB, MIB);
    cmemprof_memory_profile_free(profile);
    free(block);
}

TEST_IN(sampling, free_blocks_are_free_until_they_are_returned) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    if (!is_glibc()) {
        skip(); // a sanitizer's allocator tells nothing
    }
    for (int i = 0; i < BLOCKS; i++) {
        small[i] = written(malloc(SMALL), SMALL);
    }
    cmemprof_get_allocator_stats(&stats);
    struct cmemprof_memory_profile *profile = taken(NULL, &stats);
    uint64_t all = BLOCKS * SMALL;
    assert_near(part_of(profile, CMEMPROF_MEMORY_MALLOC_LIVE), all, 2 * MIB);
    assert_near(part_of(profile, CMEMPROF_MEMORY_MALLOC_METADATA), BLOCKS * 8, 256 * KIB);
    assert_true(part_of(profile, CMEMPROF_MEMORY_MALLOC_FREE) < 2 * MIB);
    assert_int_equal(profile->live_of_stacks + profile->live_of_others, part_of(profile, CMEMPROF_MEMORY_MALLOC_LIVE));
    cmemprof_memory_profile_free(profile);

    // One in 256 survives: glibc keeps all the rest.
    for (int i = 0; i < BLOCKS; i++) {
        if (i % 256 != 0) {
            free(small[i]);
        }
    }
    for (int asked = 0; asked < 2; asked++) {
        cmemprof_get_allocator_stats(&stats);
        profile = taken(NULL, asked ? &stats : NULL);
        assert_near(part_of(profile, CMEMPROF_MEMORY_MALLOC_FREE), all, 3 * MIB);
        assert_near(part_of(profile, CMEMPROF_MEMORY_MALLOC_LIVE), all / 256, 2 * MIB);
        assert_true(profile->arena_count >= 1);
        double sum = 0;
        for (size_t i = 0; i < profile->arena_count; i++) {
            sum += profile->arenas[i].bytes;
        }
        assert_true(sum > 0 && sum == profile->arena_sum);
        cmemprof_memory_profile_free(profile);
    }

    malloc_trim(0); // glibc's own figures do not change
    cmemprof_get_allocator_stats(&stats);
    profile = taken(NULL, &stats);
    assert_true(stats.retained_bytes > all / 2);
    assert_true(part_of(profile, CMEMPROF_MEMORY_MALLOC_FREE) < all / 8);
    cmemprof_memory_profile_free(profile);
    for (int i = 0; i < BLOCKS; i += 256) {
        free(small[i]);
    }
}

// Of what the allocator has in use and no sample has seen, no stack is told.
TEST_IN(sampling, without_samples_there_are_no_stacks) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    if (!is_glibc()) {
        skip();
    }
    cmemprof_stop();
    for (int i = 0; i < BLOCKS; i++) {
        small[i] = written(malloc(SMALL), SMALL);
    }
    cmemprof_get_allocator_stats(&stats);
    struct cmemprof_memory_profile *profile = taken(NULL, &stats);
    assert_near(profile->live_of_others, BLOCKS * (SMALL + 8), 3 * MIB);
    assert_true(profile->live_of_stacks < 3 * MIB);
    cmemprof_memory_profile_free(profile);
    for (int i = 0; i < BLOCKS; i++) {
        free(small[i]);
    }
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
}

// An aligned block has no head where its mapping begins.
TEST_IN(sampling, aligned_blocks_are_found_by_their_samples) {
    if (!is_glibc()) {
        skip();
    }
    char *block = written(aligned_alloc(MIB, 16 * MIB), 16 * MIB);
    struct cmemprof_memory_profile *profile = taken(NULL, NULL);
    assert_near(part_of(profile, CMEMPROF_MEMORY_MALLOC_LIVE), 16 * MIB, 2 * MIB);
    assert_true(part_of(profile, CMEMPROF_MEMORY_UNEXPLAINED) < 4 * MIB);
    cmemprof_memory_profile_free(profile);
    free(block);
}

TEST_IN(sampling, shares_are_parts_of_a_whole) {
    assert_int_equal(memory_share(100, 1, 4), 25);
    assert_int_equal(memory_share(100, 5, 4), 100);
    assert_int_equal(memory_share(100, -1, 4), 0);
    assert_int_equal(memory_share(100, 1, 0), 0);
    assert_true(memory_share(UINT64_MAX, 1, 1) == UINT64_MAX);
}

int main(void) {
    return tests_run();
}
