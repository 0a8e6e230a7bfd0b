// reclaim_test.c: when memory is short, stacks with no live samples are evicted, their totals are kept, what is live is always shown, and
// the counts balance. This program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../mapped_ranges.h"
#include "../profiler.h"
#include "../reclaim.h"
#include "paths.h"

// The tables have at least half of the limit. 8,192 stacks of 256 bytes do not fit, 256 do.
enum { TOO_MANY = 13, FEW = 8, LIMIT_BYTES = 2 << 20 };

// For an interval of 1 byte: each sample is one object. Mappings are no samples.
static bool objects_are_samples(const struct cmemprof_snapshot *snapshot) {
    double objects = 0;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        const struct record *record = &snapshot->records[i];
        objects += record->source == STACK_OF_BLOCKS ? record->alloc_objects : 0;
    }
    return objects == (double)emitted_of(snapshot);
}

static struct cmemprof_snapshot *take_and_check(void) {
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_non_null(snapshot);
    assert_true(adds_up(snapshot));
    assert_true(in_use_was_allocated(snapshot));
    return snapshot;
}

// No other thread allocates: the sample counter, which the tables do not know, must agree.
static void take_profile_and_check(void) {
    struct cmemprof_snapshot *snapshot = take_and_check();
    assert_int_equal(snapshot->stats.samples, stats_now().samples);
    assert_true(objects_are_samples(snapshot));
    cmemprof_snapshot_free(snapshot);
}

struct of_size {
    double allocated, in_use;
};

// The profile's totals of the stacks that allocate blocks of this size.
static struct of_size of_size(size_t size) {
    struct cmemprof_snapshot *snapshot = take_and_check();
    struct of_size sum = {0};
    for (size_t i = 0; i < snapshot->record_count; i++) {
        const struct record *record = &snapshot->records[i];
        if (record->stack && record->alloc_bytes == record->alloc_objects * (double)size) {
            sum.allocated += record->alloc_objects;
            sum.in_use += record->inuse_objects;
        }
    }
    cmemprof_snapshot_free(snapshot);
    return sum;
}

static int sampling_setup(void **state) {
    (void)state;
    cmemprof_set_memory_limit(LIMIT_BYTES);
    return cmemprof_start(1) != CMEMPROF_OK;
}

static int sampling_teardown(void **state) {
    (void)state;
    cmemprof_stop();
    cmemprof_set_memory_limit(0);
    return 0;
}

static void fill_table(int depth, size_t size) {
    for (unsigned path = 0; path < 1u << depth; path++) {
        free(left(path, depth, size));
    }
}

TEST_IN(sampling, unused_stacks_are_evicted) {
    void *alive = left(1, 3, 7777);
    fill_table(TOO_MANY, 100);
    struct cmemprof_stats full = stats_now();
    assert_true(full.lost_stacks > 100);
    assert_int_equal(full.reclaimed_stacks, 0);

    struct cmemprof_snapshot *snapshot = take_and_check(); // contains all of them; then they are evicted
    assert_true(snapshot->record_count > 1000 && snapshot->records[0].stack);
    cmemprof_snapshot_free(snapshot);
    struct cmemprof_stats after = stats_now();
    assert_true(after.reclaimed_stacks > 500);
    assert_true(after.reclaimed_samples >= after.reclaimed_stacks);
    assert_true(after.stacks < full.stacks / 4);
    assert_true(after.own_bytes < full.own_bytes - 200000); // their memory is available again
    take_profile_and_check();                               // it includes what they allocated
    assert_true(of_size(7777).in_use == 1);

    fill_table(FEW, 200); // capacity for others of the same depth
    assert_int_equal(stats_now().lost_stacks, full.lost_stacks);
    free(alive);
}

// The map of what is mapped is held by a thread that never comes back: only the stacks of mappings are kept.
TEST_IN(sampling, a_map_that_cannot_be_had_stops_no_eviction) {
    static const struct thread_state gone;
    void *mapped = mmap(NULL, 3 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(mapped, MAP_FAILED);
    assert_true(mapped_ranges_apply(&profiler));
    atomic_store(&profiler.mappings.applier, &gone);
    atomic_store(&profiler.mappings.stuck, true);
    fill_table(TOO_MANY, 100);
    cmemprof_snapshot_free(take_and_check());
    assert_true(stats_now().reclaimed_stacks > 500);
    atomic_store(&profiler.mappings.applier, NULL);
    assert_true(of_size(3 << 16).in_use == 1);
    munmap(mapped, 3 << 16);
}

// 60,000 stacks a period, then a leak: the live table grows into the memory that the stacks had.
TEST_IN(sampling, leak_is_seen_after_a_full_table) {
    enum { LEAK = 4000 };
    static void *leak[LEAK];
    for (int period = 0; period < 5; period++) {
        fill_table(TOO_MANY, 1000);
        take_profile_and_check();
    }
    struct cmemprof_stats before = stats_now();
    for (int i = 0; i < LEAK; i++) {
        leak[i] = i % 2 == 0 ? left(1, 4, 5555) : right(2, 4, 5555);
    }
    assert_true(of_size(5555).in_use == LEAK);
    assert_int_equal(stats_now().lost_live, before.lost_live);
    for (int i = 0; i < LEAK; i++) {
        free(leak[i]);
    }
    take_profile_and_check();
}

// The same stacks fill the table all the time, each with new allocations in every period: live samples take precedence.
TEST_IN(sampling, leak_is_seen_while_the_table_fills) {
    enum { PERIODS = 6 };
    void *leak[PERIODS];
    for (int period = 0; period < PERIODS; period++) {
        uint64_t lost = stats_now().lost_stacks;
        fill_table(TOO_MANY, 1000);
        assert_true(stats_now().lost_stacks > lost + 1000); // the table is full now
        assert_true(cmemprof_make_room());
        lost = stats_now().lost_stacks;
        leak[period] = left((unsigned)period, 5, 4444);
        assert_int_equal(stats_now().lost_stacks, lost);
        fill_table(TOO_MANY, 1000);
        assert_true(of_size(4444).in_use == period + 1);
        take_profile_and_check();
    }
    for (int period = 0; period < PERIODS; period++) {
        free(leak[period]);
    }
}

// If evicting the rest suffices, stacks that keep allocating are kept, even with no live samples.
TEST_IN(sampling, active_stacks_are_kept_if_possible) {
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) {
            free(left(5, 4, 9999));
        }
        fill_table(TOO_MANY, 300);
        assert_true(cmemprof_make_room()); // before a profile has shown any of it
    }
    assert_true(of_size(9999).allocated == 500);
    fill_table(TOO_MANY, 400);
    take_profile_and_check();
    fill_table(TOO_MANY, 400);
    take_profile_and_check();
    assert_true(of_size(9999).allocated == 0); // nothing new for long: evicted
    take_profile_and_check();
}

TEST_IN(sampling, evicted_stacks_are_one_sample) {
    int64_t sums[4], before[4];
    fill_table(TOO_MANY, 10);
    cmemprof_make_room();
    struct profile *profile = take_profile();
    sum_of(profile, MERGE_EVICTED, before);
    assert_true(before[0] > 1000 && before[1] > 10000);
    assert_int_equal(before[2] + before[3], 0);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_true(profile_sample_is_c(&view));
        assert_true(!has_function(&view, MERGE_EVICTED) || view.frame_count == 1);
    }
    profile_free(profile);
    profile = take_profile();
    sum_of(profile, MERGE_EVICTED, sums);
    assert_true(sums[0] >= before[0] && sums[1] >= before[1]);
    profile_free(profile);
}

TEST_IN(sampling, no_eviction_during_a_snapshot) {
    take_profile_and_check();
    struct cmemprof_snapshot *held = cmemprof_snapshot_take();
    fill_table(TOO_MANY, 500);
    uint64_t reclaimed = stats_now().reclaimed_stacks;
    for (int i = 0; i < 4; i++) {
        take_profile_and_check();
        assert_false(cmemprof_make_room());
    }
    assert_int_equal(stats_now().reclaimed_stacks, reclaimed);
    cmemprof_snapshot_free(held);
    assert_true(stats_now().reclaimed_stacks > reclaimed);
}

// A block inside realloc is in no table; if realloc fails it is re-added with its stack. Nothing is evicted while its shard is held; if an
// eviction began before, it is not re-added.
TEST_IN(sampling, realloc_during_eviction) {
    struct moving moving;
    void *block = left(0, 2, 100);
    uint64_t live = stats_now().live;
    fill_table(TOO_MANY, 500);
    profiler_move_begin(block, &moving);
    assert_non_null(moving.shard);
    uint64_t reclaimed = stats_now().reclaimed_stacks;
    assert_false(cmemprof_make_room()); // waits for it, and times out
    assert_int_equal(stats_now().reclaimed_stacks, reclaimed);
    profiler_move_end(&moving, block);
    assert_true(stats_now().live <= live + 1 && stats_now().live >= live - 1);
    uint64_t lost = stats_now().lost_live;

    atomic_fetch_add(&profiler.evictions, 1);
    profiler_move_begin(block, &moving);
    atomic_fetch_add(&profiler.evictions, 1);
    profiler_move_end(&moving, block);
    assert_int_equal(stats_now().lost_live, lost + !!moving.shard);
    free(block);

    fill_table(TOO_MANY, 500); // what was unlinked in vain is evicted, too
    cmemprof_make_room();
    take_profile_and_check();
    assert_true(stats_now().reclaimed_stacks > reclaimed + 1000);
}

// A fork during an eviction leaves a child that can evict again.
TEST_IN(sampling, forked_child_evicts_again) {
    atomic_fetch_add(&profiler.evictions, 1);
    pid_t child = fork();
    if (child == 0) {
        void *block = left(0, 2, 100);
        struct moving moving;
        profiler_move_begin(block, &moving);
        bool ended = (moving.evictions & 1) == 0;
        profiler_move_end(&moving, block);
        uint64_t reclaimed = stats_now().reclaimed_stacks;
        fill_table(TOO_MANY, 500);
        cmemprof_make_room();
        cmemprof_snapshot_free(cmemprof_snapshot_take());
        _exit(!ended + 2 * (stats_now().reclaimed_stacks <= reclaimed));
    }
    atomic_fetch_add(&profiler.evictions, 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

// If nothing can be evicted, nothing is examined again.
TEST_IN(sampling, nothing_to_evict_costs_nothing) {
    enum { ALIVE = 1000 };
    static void *alive[ALIVE];
    for (unsigned i = 0; i < ALIVE; i++) {
        alive[i] = left(i, FEW + 2, 100);
    }
    cmemprof_set_memory_limit(stats_now().own_bytes);
    cmemprof_make_room();
    assert_false(cmemprof_make_room());
    take_profile_and_check();
    for (unsigned i = 0; i < ALIVE; i++) {
        free(alive[i]);
    }
    cmemprof_set_memory_limit(LIMIT_BYTES);
    take_profile_and_check();
}

enum { MANY_STACKS = 1 << 16, MOST_THREADS = 64, TIGHT_BYTES = 8 << 20 };

struct walk {
    unsigned first, count; // paths
    pthread_barrier_t *all;
    uint64_t most_own_bytes;
};

static void *walk_all_paths(void *context) {
    struct walk *walk = context;
    free(left(walk->first, 16, 100));
    pthread_barrier_wait(walk->all); // each has its shard before the tables are full
    for (unsigned i = 1; i <= walk->count; i++) {
        free(left(walk->first + i % walk->count, 16, 100));
        uint64_t own_bytes = i % 256 == 0 ? stats_now().own_bytes : 0;
        walk->most_own_bytes = own_bytes > walk->most_own_bytes ? own_bytes : walk->most_own_bytes;
    }
    return NULL;
}

static void keep_the_limit(unsigned thread_count) {
    pthread_t threads[MOST_THREADS];
    struct walk walks[MOST_THREADS];
    pthread_barrier_t all;
    unsigned count = MANY_STACKS / thread_count;
    cmemprof_set_memory_limit(TIGHT_BYTES);
    assert_int_equal(pthread_barrier_init(&all, NULL, thread_count), 0);
    for (unsigned i = 0; i < thread_count; i++) {
        walks[i] = (struct walk){i * count, count, &all, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, walk_all_paths, &walks[i]), 0);
    }
    for (unsigned i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < thread_count; i++) {
        assert_in_range(walks[i].most_own_bytes, 1, TIGHT_BYTES);
    }
    pthread_barrier_destroy(&all);
    assert_in_range(stats_now().own_bytes, TIGHT_BYTES / 2, TIGHT_BYTES);
    take_profile_and_check();
}

// All of it, with caches and shards.
TEST_IN(sampling, the_limit_is_respected) {
    keep_the_limit(MOST_THREADS);
    keep_the_limit(1);
}

static _Atomic bool enough;

// The stacks change slowly, so that some always become unused.
static void *fill_for_ever(void *context) {
    for (unsigned i = (unsigned)(uintptr_t)context; !atomic_load(&enough); i++) {
        void *volatile first = left(i >> 4, TOO_MANY, 50);
        void *volatile second = right(i & 7, 4, 60);
        second = realloc(second, 100 + i % 100);
        free(first);
        free(second);
    }
    return NULL;
}

static void start_threads(pthread_t *threads, int count) {
    atomic_store(&enough, false);
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill_for_ever, (void *)((uintptr_t)i * 1000003)), 0);
    }
}

static void end_threads(pthread_t *threads, int count) {
    atomic_store(&enough, true);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

// Threads reach stacks while they are being evicted: no loss is uncounted, no block is live without its stack, and each profile balances:
// no sample counted before it is missing, and it contains none not yet counted when it is done.
TEST_IN(sampling, eviction_with_running_threads) {
    pthread_t threads[3];
    uint64_t reclaimed = stats_now().reclaimed_stacks;
    start_threads(threads, 3);
    for (int i = 0; i < 2000 || (stats_now().reclaimed_stacks == reclaimed && i < 30000); i++) {
        uint64_t before = stats_now().samples;
        struct cmemprof_snapshot *snapshot = take_and_check();
        // A thread that gets no processor inside of a sample is waited for half a second: what it had then comes with a later snapshot.
        for (int later = 0; later < 1000 && snapshot->stats.samples < before; later++) {
            cmemprof_snapshot_free(snapshot);
            usleep(20000);
            snapshot = take_and_check();
        }
        assert_true(snapshot->stats.samples >= before);
        assert_true(snapshot->stats.samples <= stats_now().samples + 3); // samples in the tables that are not counted yet
        cmemprof_snapshot_free(snapshot);
        cmemprof_make_room();
    }
    end_threads(threads, 3);
    take_profile_and_check();
    assert_true(stats_now().reclaimed_stacks > reclaimed);
}

static void *make_room_for_ever(void *context) {
    while (!atomic_load(&enough)) {
        cmemprof_snapshot_free(cmemprof_snapshot_take());
        cmemprof_make_room();
    }
    return context;
}

// Forks at any moment of the above: the child continues, and its counts balance.
TEST_IN(sampling, forked_child_continues) {
    pthread_t threads[2], other;
    start_threads(threads, 2);
    assert_int_equal(pthread_create(&other, NULL, make_room_for_ever, NULL), 0);
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(60); // a hung child ends by a signal
            bool right_so = true;
            for (int period = 0; period < 3; period++) {
                fill_table(TOO_MANY - 3, 100);
                struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
                right_so &= snapshot && adds_up(snapshot) && snapshot->stats.samples == stats_now().samples;
                cmemprof_snapshot_free(snapshot);
                cmemprof_make_room();
            }
            _exit(!right_so);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    end_threads(threads, 2);
    pthread_join(other, NULL);
}

TEST_IN(sampling, the_limit_follows_resident_memory) {
    cmemprof_set_memory_limit(0);
    uint64_t limit = stats_now().limit_bytes;
    assert_true(limit >= 8 << 20 && limit < 1 << 30);
    cmemprof_set_memory_limit(12345678);
    assert_int_equal(stats_now().limit_bytes, 12345678);
    take_profile_and_check();
    assert_int_equal(stats_now().limit_bytes, 12345678); // and a snapshot does not change it
}

TEST(the_limit_follows_what_is_left) {
    const size_t mib = 1 << 20;
    assert_int_equal(reclaim_limit(100 * mib, 0, UINT64_MAX), 8 * mib);
    assert_int_equal(reclaim_limit(2000 * mib, 0, UINT64_MAX), 20 * mib);
    assert_int_equal(reclaim_limit(100 * mib, 3 * mib, 64 * mib), 8 * mib);
    assert_int_equal(reclaim_limit(100 * mib, 3 * mib, 16 * mib), 5 * mib);
    assert_int_equal(reclaim_limit(100 * mib, 9 * mib, 16 * mib), 8 * mib);
    assert_int_equal(reclaim_limit(100 * mib, 3 * mib, 0), 3 * mib);
    assert_int_equal(reclaim_limit(100 * mib, 0, 0), mib);
}

int main(void) {
    return tests_run();
}
