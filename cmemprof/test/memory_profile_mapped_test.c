// memory_profile_mapped_test.c: what this process maps is known by range and stack, and counts by its resident pages.

#include "../../base/test/test.h"

#include "memory_profile.h"

#include <sys/syscall.h>

#include "../../merge/merge.h"
#include "sampling.h"

static __attribute__((noinline)) char *map_for_test(size_t size) {
    char *at = map(size);
    __asm__ volatile("" : : "r"(at) : "memory");
    return at;
}

static uint64_t mapped_now(struct cmemprof_memory_profile **profile) {
    struct cmemprof_memory_figures figures;
    *profile = taken(NULL, NULL);
    cmemprof_memory_profile_figures(*profile, &figures);
    return figures.parts[CMEMPROF_MEMORY_MAPPED];
}

static uint64_t bytes_of(struct cmemprof_memory_profile *memory, const char *function) {
    const uint8_t *bytes;
    size_t size;
    uint64_t sum = 0;
    assert_int_equal(cmemprof_memory_profile_encode(memory, NULL, NULL, 0, &bytes, &size), CMEMPROF_OK);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        bool is_it = false, is_mmap = false;
        for (size_t k = 0; k < view.frame_count; k++) {
            is_it |= strcmp(view.frames[k].function, function) == 0;
        }
        for (size_t k = 0; k < view.label_count; k++) {
            is_mmap |= strcmp(view.labels[k].key, "memory") == 0 && strcmp(view.labels[k].text, "mmap") == 0;
        }
        if (is_it) {
            assert_true(is_mmap);
            assert_string_equal(view.frames[view.frame_count - 1].function, "memory mapped by C");
            sum += (uint64_t)view.values[0];
        }
    }
    profile_free(profile);
    return sum;
}

TEST_IN(sampling, resident_pages_of_what_is_mapped) {
    struct cmemprof_memory_profile *profile;
    uint64_t before = mapped_now(&profile);
    cmemprof_memory_profile_free(profile);
    char *at = map_for_test(64 * MIB);
    memset(at, 1, 10 * MIB);
    assert_int_equal(mapped_now(&profile) - before, 10 * MIB);
    assert_int_equal(bytes_of(profile, "map_for_test"), 10 * MIB);
    cmemprof_memory_profile_free(profile);

    assert_int_equal(munmap(at + 2 * MIB, 4 * MIB), 0);
    assert_int_equal(mapped_now(&profile) - before, 6 * MIB);
    assert_int_equal(bytes_of(profile, "map_for_test"), 6 * MIB);
    cmemprof_memory_profile_free(profile);
    assert_int_equal(munmap(at, 64 * MIB), 0);
    assert_int_equal(mapped_now(&profile), before);
    cmemprof_memory_profile_free(profile);
}

// By the system call itself, which nobody follows.
static char *map_unseen(size_t size) {
    char *at = (char *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    madvise(at, size, MADV_NOHUGEPAGE);
    return memset(at, 1, size);
}

static struct cmemprof_memory_figures figures_now(void) {
    struct cmemprof_memory_figures figures;
    struct cmemprof_memory_profile *profile = taken(NULL, NULL);
    cmemprof_memory_profile_figures(profile, &figures);
    cmemprof_memory_profile_free(profile);
    return figures;
}

static void expect_missing(const struct cmemprof_memory_figures *figures, const char *what) {
    assert_false(figures->is_complete);
    assert_non_null(strstr(figures->missing, what));
}

TEST_IN(sampling, what_nobody_saw) {
    struct cmemprof_memory_figures before = figures_now(), after;
    assert_string_equal(before.missing, "");
    char *at = map_unseen(24 * MIB);
    after = figures_now();
    assert_true(after.is_complete);
    assert_near(after.parts[CMEMPROF_MEMORY_NOT_SEEN], before.parts[CMEMPROF_MEMORY_NOT_SEEN] + 24 * MIB, MIB);
    assert_true(after.parts[CMEMPROF_MEMORY_UNEXPLAINED] < MIB);
    // While somebody has the map and does not come back, nobody knows what was seen.
    const struct thread_state *nobody = NULL, somebody = {0};
    atomic_store(&profiler.mappings.applier, &somebody);
    after = figures_now();
    atomic_store(&profiler.mappings.applier, nobody);
    expect_missing(&after, "the map of what C has mapped could not be had");
    assert_int_equal(after.parts[CMEMPROF_MEMORY_NOT_SEEN], 0);
    assert_in_range(after.parts[CMEMPROF_MEMORY_UNEXPLAINED], 23 * MIB, 40 * MIB); // less what the profiler needs
    assert_int_equal(after.parts[CMEMPROF_MEMORY_MAPPED], 0);
    after = figures_now();
    assert_true(after.is_complete);
    munmap(at, 24 * MIB);
}

// No false all-clear: what was lost is said, also long after.
TEST_IN(sampling, what_was_lost_is_said) {
    struct cmemprof_memory_figures figures;
    atomic_fetch_add(&profiler.mappings.lost, 3);
    figures = figures_now();
    expect_missing(&figures, "3 calls of mmap or its relatives were not followed");
    atomic_fetch_sub(&profiler.mappings.lost, 3);

    atomic_store(&profiler.mappings.walked, UINT64_MAX / 2); // more new stacks in this second than are walked
    char *at = NULL;
    for (int i = 0; i < 100 && (!at || atomic_load(&profiler.mappings.nameless) == 0); i++) {
        atomic_store(&profiler.mappings.walked, UINT64_MAX / 2);
        free(malloc(1)); // another stack than the last one
        at = map_for_test(4 * MIB);
    }
    assert_true(atomic_load(&profiler.mappings.nameless) > 0);
    memset(at, 1, 4 * MIB);
    figures = figures_now();
    expect_missing(&figures, "of what C has mapped, 4.2 MB have no stack");
    assert_true(figures.parts[CMEMPROF_MEMORY_MAPPED] >= 4 * MIB);
    munmap(at, 4 * MIB);
    atomic_store(&profiler.mappings.walked, 0);
}

// The kernel joins them to a few areas; here they are as many as there were calls.
TEST_IN(sampling, more_ranges_than_are_looked_at) {
    enum { TOO_MANY = MEMORY_PROFILE_MAX_RANGES + 100 };
    cmemprof_set_memory_limit(64 << 20);
    char *area = mmap(NULL, (size_t)TOO_MANY * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < TOO_MANY; i++) {
        assert_ptr_equal(mmap(area + i * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), area + i * PAGE);
    }
    struct cmemprof_memory_figures figures = figures_now();
    expect_missing(&figures, "C has mapped more than 65536 ranges");
    assert_int_equal(figures.parts[CMEMPROF_MEMORY_NOT_SEEN], 0);
    munmap(area, (size_t)TOO_MANY * PAGE);
    figures = figures_now();
    assert_string_equal(figures.missing, "");
    cmemprof_set_memory_limit(0);
}

int main(void) {
    return tests_run();
}
