// statistics_test.c: the statistics are the sum of the counters, wherever they are.

#include "../../base/test/test.h"

#include "../statistics.h"

static struct profiler counted;

TEST(shards_are_added_up) {
    struct thread_state threads[2] = {0};
    struct cmemprof_stats stats;
    assert_true(shards_open(&counted.shards));
    for (unsigned i = 0; i < 2; i++) {
        struct shard *shard = shards_take(&counted.shards, &threads[i]);
        assert_non_null(shard);
        shard_count(&shard->samples, 10 + i);
        shard_count(&shard->lost_stacks, 20 + i);
        shard_count(&shard->lost_live, 30 + i);
        shard_count(&shard->sampling_ns, 40 + i);
        for (unsigned end = 0; end < UNWIND_END_COUNT; end++) {
            shard_count(&shard->ends[end], 100 * end + i);
        }
        shard_release(shard);
    }
    atomic_store(&counted.unsharded_samples, 5);
    atomic_store(&counted.unsampled_nested, 6);
    atomic_store(&counted.reclaimed_stacks, 7);
    atomic_store(&counted.reclaimed_samples, 8);
    statistics_read(&counted, &stats);
    assert_int_equal(stats.samples, 5); // the shards of a profiler that is not open are not read
    atomic_store(&counted.open, true);
    statistics_read(&counted, &stats);
    assert_int_equal(stats.samples, 5 + 21);
    assert_int_equal(stats.lost_shards, 5);
    assert_int_equal(stats.lost_stacks, 41);
    assert_int_equal(stats.lost_live, 61);
    assert_int_equal(stats.sampling_ns, 81);
    assert_int_equal(stats.cut_no_rule, 200 * UNWIND_NO_RULE + 1);
    assert_int_equal(stats.cut_unsupported, 200 * UNWIND_UNSUPPORTED + 1);
    assert_int_equal(stats.cut_unreadable, 200 * UNWIND_UNREADABLE + 1);
    assert_int_equal(stats.cut_depth, 200 * UNWIND_TOO_DEEP + 1);
    assert_int_equal(stats.unsampled_nested, 6);
    assert_int_equal(stats.reclaimed_stacks, 7);
    assert_int_equal(stats.reclaimed_samples, 8);
    shards_close(&counted.shards);
}

int main(void) {
    return tests_run();
}
