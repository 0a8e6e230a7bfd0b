// lifecycle_test.c: several profilers in one process share nothing, a closed one gives all of its memory back, and a start that fails
// leaves nothing open. The program's own allocations are not sampled.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>

#include "../lifecycle.h"
#include "../loaded_code.h"
#include "../reclaim.h"
#include "../statistics.h"

static struct profiler first, second;

// Like a hook after the real allocator. thread is the caller's state in that profiler. The address stands for a block, and need not be one.
static __attribute__((noinline)) void allocate(struct profiler *self, struct thread_state *thread, uintptr_t block, size_t size) {
    const struct sampling sampling = {1, (const void *)block, size, (uintptr_t)__builtin_return_address(0), MACHINE_FRAME};
    profiler_record(self, thread, sampling);
}

static __attribute__((noinline)) void in_first(struct thread_state *thread, uintptr_t block) {
    allocate(&first, thread, block, 100);
    __asm__ volatile("");
}

static __attribute__((noinline)) void in_second(struct thread_state *thread, uintptr_t block) {
    allocate(&second, thread, block, 3000);
    __asm__ volatile("");
}

static int both_setup(void **state) {
    (void)state;
    return lifecycle_open(&first) != CMEMPROF_OK || lifecycle_open(&second) != CMEMPROF_OK;
}

static int both_teardown(void **state) {
    (void)state;
    lifecycle_close(&first);
    lifecycle_close(&second);
    return 0;
}

static struct cmemprof_stats stats_of(struct profiler *self) {
    struct cmemprof_stats stats;
    statistics_read(self, &stats);
    return stats;
}

// alloc_objects and inuse_space of the stacks through the function.
static void assert_sums(struct profiler *self, const char *function, int64_t allocated, int64_t in_use_bytes) {
    int64_t sums[4];
    struct profile *profile = profile_of(snapshot_of(self), NULL);
    sum_of(profile, function, sums);
    assert_int_equal(sums[0], allocated);
    assert_int_equal(sums[3], in_use_bytes);
    profile_free(profile);
}

TEST_IN(both, two_profilers_share_nothing) {
    struct thread_state here = {0}, there = {0};
    for (uintptr_t i = 1; i <= 3; i++) {
        in_first(&here, i * 4096);
    }
    in_second(&there, 4096); // the address of a block of the first one
    assert_int_equal(stats_of(&first).samples, 3);
    assert_int_equal(stats_of(&second).samples, 1);
    assert_sums(&first, "in_first", 3, 300);
    assert_sums(&first, "in_second", 0, 0);
    assert_sums(&second, "in_second", 1, 3000);
    assert_sums(&second, "in_first", 0, 0);

    struct cmemprof_snapshot *snapshot = snapshot_of(&second); // keeps that one's stacks in place
    assert_true(live_table_remove(&first.live, (const void *)4096, NULL));
    assert_true(live_table_remove(&second.live, (const void *)4096, NULL));
    assert_false(live_table_remove(&second.live, (const void *)8192, NULL));
    assert_int_equal(stats_of(&first).live, 2);
    assert_int_equal(stats_of(&second).live, 0);
    assert_int_equal(first.reclaim.snapshots, 0);
    assert_int_equal(second.reclaim.snapshots, 1);
    profile_free(profile_of(snapshot, NULL));
    assert_int_equal(stats_of(&profiler).samples, 0); // the process's was never started
    assert_false(atomic_load(&profiler.open));
    assert_int_equal(profiler.code.modules.count, 0);
}

// One is short of memory and evicts, the other is not.
TEST_IN(both, each_has_its_own_limit) {
    struct thread_state here = {0}, there = {0};
    in_first(&here, 4096);
    in_second(&there, 4096);
    live_table_remove(&first.live, (const void *)4096, NULL);
    live_table_remove(&second.live, (const void *)4096, NULL);
    atomic_store(&first.reclaim.wanted_limit, 1);
    cmemprof_snapshot_free(snapshot_of(&first));
    cmemprof_snapshot_free(snapshot_of(&second));
    atomic_store(&first.reclaim.wanted_limit, 0);
    assert_int_equal(stats_of(&first).reclaimed_stacks, 1);
    assert_int_equal(stats_of(&first).stacks, 0);
    assert_int_equal(stats_of(&second).reclaimed_stacks, 0);
    assert_int_equal(stats_of(&second).stacks, 1);
    assert_sums(&second, "in_second", 1, 0);
}

enum { BLOCKS = 2000 };

static void *sample_in_first(void *unused) {
    struct thread_state thread = {0};
    for (uintptr_t i = 1; i <= BLOCKS; i++) {
        in_first(&thread, i * 4096);
    }
    return unused;
}

static void *sample_in_second(void *unused) {
    struct thread_state thread = {0};
    for (uintptr_t i = 1; i <= BLOCKS; i++) {
        in_second(&thread, i * 4096);
        live_table_remove(&second.live, (const void *)(i * 4096), NULL);
    }
    return unused;
}

TEST_IN(both, both_are_read_while_threads_sample) {
    pthread_t threads[2];
    assert_int_equal(pthread_create(&threads[0], NULL, sample_in_first, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, sample_in_second, NULL), 0);
    for (int i = 0; i < 20; i++) {
        struct cmemprof_snapshot *one = snapshot_of(&first), *other = snapshot_of(&second);
        assert_true(adds_up(one) && adds_up(other));
        profile_free(profile_of(other, NULL));
        profile_free(profile_of(one, NULL));
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(stats_of(&first).samples, BLOCKS);
    assert_int_equal(stats_of(&second).samples, BLOCKS);
    assert_int_equal(stats_of(&first).live, BLOCKS - stats_of(&first).lost_live - stats_of(&first).lost_shards);
    assert_int_equal(stats_of(&second).live, 0);
}

static size_t address_space_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    size_t pages = 0;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu", &pages), 1);
    fclose(file);
    return pages * 4096;
}

// Everything is opened, used and closed several times. (What malloc gave is the address sanitizer's to check.)
TEST(a_closed_profiler_leaves_nothing) {
    size_t before = 0;
    for (int round = 0; round < 8; round++) {
        struct thread_state thread = {0};
        assert_int_equal(lifecycle_open(&first), CMEMPROF_OK);
        assert_int_equal(lifecycle_open(&first), CMEMPROF_OK); // it is open
        assert_true(loaded_code_refresh(&first));
        in_first(&thread, 4096);
        assert_sums(&first, "in_first", 1, 100);
        lifecycle_close(&first);
        assert_int_equal(first.budget.used_bytes, 0);
        assert_null(first.shards.items);
        assert_null(first.naming.symbols);
        assert_int_equal(first.code.modules.count, 0);
        assert_ptr_equal(block_filter_present(&first.live.filter), &block_filter_smallest);
        assert_int_equal(stats_of(&first).samples, 0);
        before = round == 0 ? address_space_bytes() : before;
    }
    assert_true(address_space_bytes() < before + 4 * SHARDS * sizeof(struct shard)); // of seven
}

TEST(a_start_without_memory_leaves_nothing_open) {
    atomic_store(&first.reclaim.wanted_limit, 1);
    assert_int_equal(lifecycle_open(&first), CMEMPROF_NO_MEMORY);
    assert_false(atomic_load(&first.open));
    assert_null(first.shards.items);
    assert_int_equal(first.budget.used_bytes, 0);
    assert_int_equal(stats_of(&first).samples, 0);
    atomic_store(&first.reclaim.wanted_limit, 0);
    assert_int_equal(lifecycle_open(&first), CMEMPROF_OK);
    lifecycle_close(&first);
}

TEST(every_error_has_a_text) {
    for (int error = 0; error < CMEMPROF_ERROR_COUNT; error++) {
        assert_non_null(cmemprof_error_text((enum cmemprof_error)error));
    }
    assert_string_equal(cmemprof_error_text((enum cmemprof_error)99), "unknown error");
}

int main(void) {
    return tests_run();
}
