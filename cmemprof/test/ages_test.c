// ages_test.c: live memory has its age, freed memory its lifetime, whichever thread frees it, and both add up. This program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_clock.h"
#include "sampling.h"

static __attribute__((noinline)) void *keep(size_t size) {
    void *block = malloc(size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

static volatile size_t too_large = SIZE_MAX / 2;

static struct cmemprof_ages ages_now(void) {
    struct cmemprof_ages ages;
    cmemprof_get_ages(&ages);
    return ages;
}

static double sum_of_classes(const double *sums, unsigned count) {
    double sum = 0;
    for (unsigned class = 0; class < count; class ++) {
        sum += sums[class];
    }
    return sum;
}

TEST_IN(sampling, live_memory_has_its_age) {
    enum { DAY_S = 24 * 3600 };
    struct cmemprof_ages before = ages_now();
    void *old = keep(7000000);
    let_pass(DAY_S);
    void *hours = keep(500000);
    let_pass(2 * 3600);
    void *young = keep(30000);
    struct cmemprof_ages after = ages_now();
    assert_true(after.live_bytes[5] - before.live_bytes[5] >= 7000000); // and what is older anyway
    assert_true(after.live_bytes[5] - before.live_bytes[5] < 7100000);
    assert_true(after.live_bytes[4] == 500000);
    assert_true(after.live_bytes[0] >= 30000 && after.live_bytes[0] < 100000);
    assert_true(after.outlived_bytes[lifetime_class(2 * 3600)] == 500000);
    assert_true(sum_of_classes(after.live_bytes, CMEMPROF_AGE_CLASSES) == sum_of_classes(after.outlived_bytes, CMEMPROF_LIFETIME_CLASSES));
    free(old);
    free(hours);
    free(young);
}

TEST_IN(sampling, freed_memory_has_its_lifetime) {
    void *minute = keep(60000), *hour = keep(3600000);
    struct cmemprof_ages before = ages_now();
    let_pass(40);
    free(minute);
    let_pass(3600);
    free(hour);
    struct cmemprof_ages after = ages_now();
    assert_true(after.freed_bytes[lifetime_class(40)] - before.freed_bytes[lifetime_class(40)] == 60000);
    assert_true(after.freed_bytes[lifetime_class(3640)] - before.freed_bytes[lifetime_class(3640)] == 3600000);
    assert_true(after.worst_pause_s >= 3600); // nobody had called in between
}

// What was allocated is live, freed or lost; the youngest class is what is left.
TEST_IN(sampling, churn_is_the_youngest_class) {
    struct cmemprof_ages before = ages_now();
    for (int i = 0; i < 1000; i++) {
        free(keep(5000));
    }
    struct cmemprof_ages after = ages_now();
    double young = after.freed_bytes[0] + after.freed_bytes[1] - before.freed_bytes[0] - before.freed_bytes[1];
    assert_true(young >= 5000000 && young < 5100000);
    assert_true(after.freed_bytes[1] - before.freed_bytes[1] < 2500000); // one for each tick meanwhile
}

static void *free_it(void *block) {
    free(block);
    return NULL;
}

static void *sample_and_free_it(void *block) {
    free(keep(16)); // has a shard of its own from now on, if there is one left
    free(block);
    return NULL;
}

TEST_IN(sampling, frees_of_any_thread_count) {
    enum { THREADS = 100 }; // more than have a shard of their own
    void *blocks[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        blocks[i] = keep(10000);
    }
    struct cmemprof_ages before = ages_now();
    let_pass(100);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, i % 2 == 0 ? free_it : sample_and_free_it, blocks[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    struct cmemprof_ages after = ages_now();
    assert_true(after.freed_bytes[lifetime_class(100)] - before.freed_bytes[lifetime_class(100)] == THREADS * 10000.);
}

// A block that realloc moves ends there, and another one begins; one that it cannot move goes on.
TEST_IN(sampling, realloc_is_a_free_and_an_allocation) {
    void *block = keep(20000);
    let_pass(600);
    struct cmemprof_ages before = ages_now();
    void *volatile same = block; // the compiler takes it for freed
    assert_null(realloc(block, too_large));
    block = same;
    struct cmemprof_ages kept = ages_now();
    block = realloc(block, 30000);
    struct cmemprof_ages after = ages_now();
    assert_true(kept.live_bytes[2] == before.live_bytes[2]);
    assert_true(after.live_bytes[2] == before.live_bytes[2] - 20000);
    assert_true(after.freed_bytes[lifetime_class(600)] - before.freed_bytes[lifetime_class(600)] == 20000);
    assert_true(after.live_bytes[0] >= 30000);
    free(block);
}

// A sample that cannot be followed is neither live nor freed.
TEST_IN(sampling, lost_samples_are_not_freed) {
    enum { BLOCKS = 4000 };
    static void *blocks[BLOCKS];
    free(keep(2000)); // the stack is known by now
    struct cmemprof_ages before = ages_now();
    uint64_t lost = stats_now().lost_live;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = keep(2000);
        if (i == 0) {
            cmemprof_set_memory_limit(1);
        }
    }
    struct cmemprof_ages after = ages_now();
    assert_true(stats_now().lost_live > lost + 1000);
    assert_true(after.freed_bytes[0] - before.freed_bytes[0] < 100000);
    cmemprof_set_memory_limit(0);
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
}

TEST_IN(sampling, ages_go_on_in_a_forked_child) {
    void *block = keep(40000);
    let_pass(20 * 60);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        struct cmemprof_ages before = ages_now();
        let_pass(20 * 60);
        bool older = ages_now().live_bytes[3] - before.live_bytes[3] >= 40000;
        free(block);
        struct cmemprof_ages after = ages_now();
        bool counted = after.freed_bytes[lifetime_class(2400)] - before.freed_bytes[lifetime_class(2400)] == 40000;
        _exit(!older + 2 * !counted);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(block);
}

// A stop is no pause of whoever should have called meanwhile.
TEST_IN(sampling, stop_is_no_pause) {
    atomic_store(&profiler.clock.worst_pause_s, 0);
    cmemprof_stop();
    profiler.clock.zero_ns -= 1000 * INT64_C(1000000000);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    assert_true(ages_now().worst_pause_s < 1000);
    profiler.clock.zero_ns -= 1000 * INT64_C(1000000000);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK); // it was on all the time
    assert_true(ages_now().worst_pause_s >= 1000);
}

int main(void) {
    return tests_run();
}
