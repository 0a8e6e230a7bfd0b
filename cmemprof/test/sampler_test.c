// sampler_test.c: sampling is Poisson over bytes, with unbiased weights. Seeds are fixed, so the figures are reproducible.

#include "../../base/test/test.h"

#include <math.h>
#include <pthread.h>

#include "../sampler.h"

// As the hooks do. Returns the interval of a sample, 0 if it is none.
static uint64_t allocate(const struct sampler *sampler, struct thread_state *thread, size_t size) {
    return sampler_pass(sampler, thread, size) ? 0 : sampler_take(sampler, thread, size);
}

static uint64_t count_samples(struct thread_state *thread, size_t size, uint64_t allocations, uint64_t interval_bytes) {
    struct sampler sampler = {0};
    uint64_t samples = 0;
    sampler_set(&sampler, interval_bytes);
    for (uint64_t i = 0; i < allocations; i++) {
        samples += allocate(&sampler, thread, size) != 0;
    }
    return samples;
}

// Draws anew: no distance is farther than the largest allocation.
static uint64_t draw(const struct sampler *sampler, struct thread_state *thread) {
    sampler_take(sampler, thread, SIZE_MAX / 2);
    return thread->left_bytes[atomic_load(&sampler->chosen)];
}

TEST(estimates_are_unbiased_at_every_size) {
    static const size_t sizes[] = {0, 1, 16, 100, 4095, 65536, 524288, 4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct thread_state thread = {.random = 42 + i};
        const uint64_t interval = 4096, allocations = 4000000;
        double p = -expm1(-((double)sizes[i] + 1) / (double)interval);
        double estimate = (double)count_samples(&thread, sizes[i], allocations, interval) * sampler_weight(sizes[i], interval);
        double standard_error = sqrt((double)allocations * (1 - p) / p);
        assert_true(fabs(estimate - (double)allocations) <= 4 * standard_error + 1e-6);
    }
}

TEST(mixed_sizes_are_unbiased_too) {
    struct thread_state thread = {.random = 7};
    struct sampler sampler = {0};
    const uint64_t interval = 1024;
    sampler_set(&sampler, interval);
    double estimated_bytes = 0, bytes = 0, variance = 0;
    for (uint64_t i = 0; i < 3000000; i++) {
        size_t size = i % 3 == 0 ? 8 : i % 3 == 1 ? 700 : 5000;
        double p = -expm1(-((double)size + 1) / (double)interval);
        bytes += (double)size;
        variance += (double)size * (double)size * (1 - p) / p;
        if (allocate(&sampler, &thread, size) != 0) {
            estimated_bytes += sampler_weight(size, interval) * (double)size;
        }
    }
    assert_true(fabs(estimated_bytes - bytes) <= 4 * sqrt(variance));
}

// Sanitizers look at each step and take ten times as long for it: a sixteenth of the draws shows them all.
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SHARE = 16 };
#else
enum { SHARE = 1 };
#endif

// Counts the distances in BINS equally likely intervals. The last one contains the ziggurat's tail: the curve left of it has p = 1 -
// e^-7.7.
TEST(distances_are_exponential) {
    enum { BINS = 4096, PER_BIN = 4096 / SHARE };
    static unsigned counts[BINS];
    const uint64_t interval = (uint64_t)1 << 40;
    struct thread_state thread = {.random = 11};
    struct sampler sampler = {0};
    sampler_set(&sampler, interval);
    for (int i = 0; i < BINS * PER_BIN; i++) {
        double below = -expm1(-(double)draw(&sampler, &thread) / (double)interval); // uniform if the distances are exponential
        counts[(int)(below * BINS)]++;
    }
    double chi_squared = 0;
    for (int bin = 0; bin < BINS; bin++) {
        chi_squared += ((double)counts[bin] - PER_BIN) * ((double)counts[bin] - PER_BIN) / PER_BIN;
    }
    assert_true(fabs(chi_squared - (BINS - 1)) <= 4 * sqrt(2.0 * (BINS - 1)));
}

// Beyond the ziggurat's widest layer, whose mass is e^-7.7 = 1 / 2,202, the draw restarts: the mean of the excess is 1 again.
TEST(long_distances_are_exponential_too) {
    const double edge = 7.69711747013104972, mass = exp(-edge);
    const uint64_t interval = (uint64_t)1 << 40, draws = 20000000 / SHARE;
    struct thread_state thread = {.random = 13};
    struct sampler sampler = {0};
    sampler_set(&sampler, interval);
    double beyond = 0, sum = 0;
    for (uint64_t i = 0; i < draws; i++) {
        double x = (double)draw(&sampler, &thread) / (double)interval - edge;
        beyond += x > 0;
        sum += x > 0 ? x : 0;
    }
    assert_true(fabs(beyond - mass * (double)draws) <= 4 * sqrt(mass * (double)draws));
    assert_true(fabs(sum / beyond - 1) <= 4 / sqrt(beyond));
}

TEST(no_distance_is_too_long_for_the_countdown) {
    struct thread_state thread = {.random = 17};
    struct sampler sampler = {0};
    sampler_set(&sampler, UINT64_MAX);
    for (int i = 0; i < 1000; i++) {
        assert_true(draw(&sampler, &thread) <= (uint64_t)1 << 62);
    }
}

TEST(interval_1_samples_everything) {
    struct thread_state thread = {0};
    assert_int_equal(count_samples(&thread, 0, 1000, 1), 1000);
    assert_int_equal(count_samples(&thread, 24, 1000, 1), 1000);
    assert_true(sampler_weight(24, 1) == 1);
}

TEST(stop_and_start_take_effect_at_once) {
    struct thread_state thread = {.random = 1};
    struct sampler sampler = {0};
    for (int i = 0; i < 1000; i++) {
        sampler_set(&sampler, 0);
        assert_int_equal(allocate(&sampler, &thread, 1 << 20), 0);
        sampler_set(&sampler, 4096);
        assert_int_equal(allocate(&sampler, &thread, 1 << 20), 4096); // p = 1 - e^-256
    }
}

TEST(while_off_only_a_threads_first_allocation_leaves_the_fast_path) {
    struct thread_state thread = {.random = 1};
    struct sampler sampler = {0};
    assert_false(sampler_pass(&sampler, &thread, 16));
    assert_int_equal(sampler_take(&sampler, &thread, 16), 0);
    for (int i = 0; i < 1000000; i++) {
        assert_true(sampler_pass(&sampler, &thread, (size_t)1 << 40));
    }
    while (sampler_pass(&sampler, &thread, (size_t)1 << 60)) { // but none comes this far
    }
    assert_int_equal(sampler_take(&sampler, &thread, (size_t)1 << 60), 0);
    assert_true(sampler_pass(&sampler, &thread, (size_t)1 << 60));
}

// The seventh interval of a process and those after it have no countdown of their own. The thread is silent in most phases.
TEST(a_start_with_another_interval_takes_effect_at_the_next_allocation) {
    struct thread_state thread = {.random = 37}, seldom = {.random = 38};
    struct sampler sampler = {0};
    for (uint64_t i = 0; i < 4000; i++) {
        uint64_t far = (UINT64_C(1) << 40) + i % 20, near = 4096 + i % 30;
        sampler_set(&sampler, far);
        assert_int_equal(allocate(&sampler, &thread, 16), 0);
        assert_true(i % 7 != 0 || allocate(&sampler, &seldom, 16) == 0);
        sampler_set(&sampler, near);
        assert_int_equal(allocate(&sampler, &thread, 1 << 20), near);
        assert_true(i % 11 != 0 || allocate(&sampler, &seldom, 1 << 20) == near);
        sampler_set(&sampler, i % 3 == 0 ? 0 : 1);
        assert_int_equal(allocate(&sampler, &thread, 16), i % 3 == 0 ? 0 : 1);
        assert_true(i % 13 != 0 || allocate(&sampler, &seldom, 0) == (i % 3 == 0 ? 0 : 1));
    }
}

// It would no longer be exponential if what is allocated while off shortened it, or if it were drawn anew because it is long.
TEST(a_stop_leaves_the_distance_as_it_is) {
    struct thread_state thread = {.random = 19};
    struct sampler sampler = {0};
    sampler_set(&sampler, 1 << 20);
    uint64_t before = draw(&sampler, &thread), *left = &thread.left_bytes[atomic_load(&sampler.chosen)];
    sampler_set(&sampler, 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(allocate(&sampler, &thread, 1 << 20), 0);
    }
    assert_int_equal(*left, before);
    sampler_set(&sampler, 1 << 20);
    *left = 1000;
    assert_int_equal(allocate(&sampler, &thread, 16), 0);
    assert_int_equal(*left, 1000 - 17);
}

// The fast path has seen another countdown than the slow path: the allocation is one of the time after the start.
TEST(a_start_in_the_middle_of_an_allocation_does_not_make_it_a_sample) {
    struct thread_state thread = {.random = 29};
    struct sampler sampler = {0};
    sampler_set(&sampler, 1 << 20);
    draw(&sampler, &thread);
    uint64_t *left = &thread.left_bytes[atomic_load(&sampler.chosen)];
    *left = 1000;
    sampler_set(&sampler, 0);
    struct thread_state unborn = thread;
    assert_false(sampler_pass(&sampler, &thread, 16)); // its first allocation while off
    sampler_set(&sampler, 1 << 20);
    assert_int_equal(sampler_take(&sampler, &thread, 16), 0);
    assert_int_equal(*left, 1000 - 17);
    sampler_set(&sampler, 0);
    assert_int_equal(sampler_take(&sampler, &unborn, 1000), 0);
}

static void assert_unbiased(unsigned intervals, unsigned seed) {
    struct thread_state thread = {.random = seed};
    struct sampler sampler = {0};
    const uint64_t allocations = 8000000;
    const size_t size = 500;
    double estimate = 0, counted = 0, variance = 0;
    for (uint64_t i = 0; i < allocations; i++) {
        uint64_t interval = i / 7 % 3 == 0 ? 0 : 2048 + i / 7 % intervals * 64;
        if (i % 7 == 0) {
            sampler_set(&sampler, interval);
        }
        uint64_t drawn = allocate(&sampler, &thread, size);
        estimate += drawn != 0 ? sampler_weight(size, drawn) : 0;
        if (interval != 0) {
            double p = -expm1(-((double)size + 1) / (double)interval);
            counted++;
            variance += (1 - p) / p;
        }
    }
    assert_true(fabs(estimate - counted) <= 4 * sqrt(variance));
}

TEST(estimates_are_unbiased_across_stops_and_starts) {
    assert_unbiased(1, 31);
    assert_unbiased(5, 33);
    assert_unbiased(100, 35);
}

TEST(estimates_are_unbiased_with_an_interval_without_a_countdown) {
    struct thread_state thread = {.random = 41};
    struct sampler sampler = {0};
    for (uint64_t interval = 2; interval < 10; interval++) {
        sampler_set(&sampler, interval);
    }
    sampler_set(&sampler, 4096);
    const uint64_t allocations = 4000000;
    uint64_t samples = 0;
    for (uint64_t i = 0; i < allocations; i++) {
        samples += allocate(&sampler, &thread, 100) == 4096;
    }
    double p = -expm1(-101.0 / 4096), estimate = (double)samples * sampler_weight(100, 4096);
    assert_true(fabs(estimate - (double)allocations) <= 4 * sqrt((double)allocations * (1 - p) / p));
}

// They fail, but must not move the countdown to where nothing is ever sampled.
TEST(impossible_sizes_do_not_break_the_countdown) {
    struct thread_state thread = {.random = 5};
    struct sampler sampler = {0};
    sampler_set(&sampler, 4096);
    uint64_t before = draw(&sampler, &thread), *left = &thread.left_bytes[atomic_load(&sampler.chosen)];
    assert_true(sampler_pass(&sampler, &thread, SIZE_MAX));
    assert_false(sampler_pass(&sampler, &thread, SIZE_MAX - 1));
    assert_false(sampler_pass(&sampler, &thread, (size_t)1 << 63));
    assert_int_equal(*left, before);
    double weight = sampler_weight(SIZE_MAX, 4096);
    assert_true(weight == 1);
    struct thread_state fresh = {0};
    sampler_take(&sampler, &fresh, SIZE_MAX);
    assert_int_not_equal(fresh.random, 0);
}

TEST(two_threads_draw_differently) {
    struct thread_state one = {0}, two = {0};
    struct sampler sampler = {0};
    sampler_set(&sampler, 1 << 20);
    uint64_t first = draw(&sampler, &one), second = draw(&sampler, &two);
    assert_true(one.random != two.random);
    assert_true(first != second);
}

// As after a fork: the child's samples must not be its parent's.
TEST(a_thread_that_forgets_draws_anew) {
    struct thread_state thread = {.random = 43};
    struct sampler sampler = {0};
    for (uint64_t interval = 1 << 20; interval < (1 << 20) + 9; interval++) { // one countdown after the other, and the spare one
        sampler_set(&sampler, interval);
        allocate(&sampler, &thread, 16);
    }
    struct thread_state before = thread;
    sampler_forget(&thread);
    for (uint64_t interval = 1 << 20; interval < (1 << 20) + 9; interval++) {
        sampler_set(&sampler, interval);
        assert_int_equal(allocate(&sampler, &thread, 0), 0); // p = 1e-6
        uintptr_t chosen = atomic_load(&sampler.chosen);
        assert_true(thread.left_bytes[chosen] != before.left_bytes[chosen] || chosen == 1);
    }
    assert_true(thread.spare.left_bytes != before.spare.left_bytes);
    assert_true(thread.random != before.random);
}

// Two threads start and stop at will, as lifecycle.c does, with more intervals than countdowns. No interval is returned that none has set,
// and the last one to be set is the one that holds.
enum { SETTERS = 2, ALLOCATORS = 3, ROUNDS = 20000, LAST = 777777 };
static struct sampler shared;
static _Atomic uint64_t shared_interval;
static atomic_bool is_last, is_over; // set in this order

static void set_shared(uint64_t interval_bytes) {
    atomic_store(&shared_interval, interval_bytes);
    do {
        interval_bytes = atomic_load(&shared_interval);
        sampler_set(&shared, interval_bytes);
    } while (atomic_load(&shared_interval) != interval_bytes);
}

static void *set_often(void *number) {
    for (uint64_t i = (uintptr_t)number; i < ROUNDS; i++) {
        set_shared(i % 3 == 0 ? i % 2 : 1000 + i % 11);
    }
    return NULL;
}

static void *allocate_often(void *number) {
    static __thread struct thread_state thread;
    uint64_t wrong = 0;
    for (size_t i = (uintptr_t)number; !atomic_load(&is_over); i++) {
        uint64_t drawn = allocate(&shared, &thread, i % 5000);
        wrong += drawn > 1 && (drawn < 1000 || drawn > 1010) && !(drawn == LAST && atomic_load(&is_last));
    }
    // The setters are through.
    uint64_t right = 0;
    for (size_t i = 0; i < 1000; i++) {
        uint64_t drawn = allocate(&shared, &thread, 1 << 20); // p = 0.74
        wrong += drawn != 0 && drawn != LAST;
        right += drawn == LAST;
    }
    wrong += right < 500;
    return (void *)(uintptr_t)wrong;
}

TEST(threads_follow_what_others_set) {
    pthread_t setters[SETTERS], allocators[ALLOCATORS];
    for (uintptr_t i = 0; i < ALLOCATORS; i++) {
        assert_int_equal(pthread_create(&allocators[i], NULL, allocate_often, (void *)i), 0);
    }
    for (uintptr_t i = 0; i < SETTERS; i++) {
        assert_int_equal(pthread_create(&setters[i], NULL, set_often, (void *)i), 0);
    }
    for (int i = 0; i < SETTERS; i++) {
        pthread_join(setters[i], NULL);
    }
    atomic_store(&is_last, true);
    set_shared(LAST); // has no countdown of its own
    atomic_store(&is_over, true);
    for (int i = 0; i < ALLOCATORS; i++) {
        void *wrong = NULL;
        pthread_join(allocators[i], &wrong);
        assert_null(wrong);
    }
}

int main(void) {
    sampler_open();
    return tests_run();
}
