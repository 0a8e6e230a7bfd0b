// cpu_samples_test.c: stacks that are added up, with threads that add at the same time, and a table that is full.

#include "../../base/test/test.h"

#include <pthread.h>

#include "../cpu_samples.h"

static struct cpu_samples samples;

static int table_setup(void **state) {
    (void)state;
    return cpu_samples_open(&samples) ? 0 : 1;
}

static int table_teardown(void **state) {
    (void)state;
    cpu_samples_close(&samples);
    return 0;
}

struct sums {
    size_t stacks;
    uint64_t ns, ticks;
};

static struct sums sum(void) {
    struct sums sums = {0};
    const struct cpu_sample *sample;
    for (size_t slot = 0; (sample = cpu_samples_next(&samples, &slot)); sums.stacks++) {
        sums.ns += atomic_load(&sample->ns);
        sums.ticks += atomic_load(&sample->ticks);
    }
    return sums;
}

TEST(without_memory_nothing_is_taken) {
    struct cpu_samples none = {0};
    size_t slot = 0;
    assert_null(cpu_samples_add(&none, (uintptr_t[]){1}, 1, 5, 1));
    assert_null(cpu_samples_next(&none, &slot));
    cpu_samples_clear(&none);
    cpu_samples_close(&none);
}

TEST_IN(table, equal_stacks_are_one) {
    const uintptr_t a[] = {10, 20, 30}, b[] = {10, 20, 31};
    cpu_samples_add(&samples, a, 3, 5, 1);
    cpu_samples_add(&samples, b, 3, 7, 2);
    cpu_samples_add(&samples, a, 2, 11, 4);
    cpu_samples_add(&samples, a, 3, 13, 8);
    size_t slot = 0, found = 0;
    for (const struct cpu_sample *sample; (sample = cpu_samples_next(&samples, &slot)); found++) {
        const uintptr_t *pcs = cpu_samples_pcs(&samples, sample), depth = atomic_load(&sample->depth_frames), ns = atomic_load(&sample->ns);
        assert_int_equal(pcs[0], 10);
        assert_int_equal(pcs[1], 20);
        assert_int_equal(ns, depth == 2 ? 11 : pcs[2] == 30 ? 18 : 7);
        assert_int_equal(atomic_load(&sample->ticks), depth == 2 ? 4 : pcs[2] == 30 ? 9 : 2);
    }
    assert_int_equal(found, 3);
    cpu_samples_clear(&samples);
    assert_int_equal(sum().stacks, 0);
    cpu_samples_add(&samples, b, 3, 1, 1);
    assert_int_equal(sum().ns, 1);
}

TEST_IN(table, what_does_not_fit_is_counted) {
    uintptr_t pcs[CPU_SAMPLE_FRAMES] = {0};
    const uint64_t stacks = 2 * CPU_SAMPLE_WORDS / CPU_SAMPLE_FRAMES;
    for (uint64_t i = 0; i < stacks; i++) {
        pcs[7] = i;
        cpu_samples_add(&samples, pcs, CPU_SAMPLE_FRAMES, 3, 1);
    }
    struct sums sums = sum();
    assert_in_range(sums.stacks, stacks / 2 - 1, stacks / 2);
    assert_int_equal(sums.ns + atomic_load(&samples.lost_ns), 3 * stacks);
    // A known stack is added to, still.
    pcs[7] = 0;
    assert_non_null(cpu_samples_add(&samples, pcs, CPU_SAMPLE_FRAMES, 3, 1));
    assert_int_equal(sum().ns, sums.ns + 3);
}

TEST_IN(table, more_stacks_than_slots_are_counted) {
    for (uintptr_t i = 1; i <= 2 * CPU_SAMPLE_SLOTS; i++) {
        cpu_samples_add(&samples, &i, 1, 3, 1);
    }
    struct sums sums = sum();
    assert_in_range(sums.stacks, CPU_SAMPLE_SLOTS / 2, CPU_SAMPLE_SLOTS);
    assert_int_equal(sums.ns + atomic_load(&samples.lost_ns), UINT64_C(3) * 2 * CPU_SAMPLE_SLOTS);
}

enum { ADDERS = 4, ADDED_STACKS = 500, ROUNDS = 200 };

static void *add_all(void *unused) {
    for (int round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = 0; i < ADDED_STACKS; i++) {
            const uintptr_t pcs[] = {i, i + 1, ~i};
            cpu_samples_add(&samples, pcs, 3, i, 1);
        }
    }
    return unused;
}

TEST_IN(table, threads_add_at_the_same_time) {
    pthread_t threads[ADDERS];
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_all, NULL), 0);
    }
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct sums sums = sum();
    assert_int_equal(sums.stacks, ADDED_STACKS);
    assert_int_equal(sums.ticks, ADDERS * ROUNDS * ADDED_STACKS);
    assert_int_equal(sums.ns, (uint64_t)ADDERS * ROUNDS * ADDED_STACKS * (ADDED_STACKS - 1) / 2);
}

int main(void) {
    return tests_run();
}
