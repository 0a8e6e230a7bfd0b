// sampler_test.c: sampling is Poisson over bytes, with unbiased weights. Seeds are fixed, so the figures are reproducible.

#include "../../base/test/test.h"

#include <math.h>

#include "../sampler.h"

static uint64_t count_samples(struct thread_state *thread, size_t size, uint64_t allocations, uint64_t interval_bytes) {
    uint64_t samples = 0;
    for (uint64_t i = 0; i < allocations; i++) {
        if (!sampler_pass(thread, size) && sampler_take(thread, size, interval_bytes) != 0) {
            samples++;
        }
    }
    return samples;
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
    const uint64_t interval = 1024;
    double estimated_bytes = 0, bytes = 0, variance = 0;
    for (uint64_t i = 0; i < 3000000; i++) {
        size_t size = i % 3 == 0 ? 8 : i % 3 == 1 ? 700 : 5000;
        double p = -expm1(-((double)size + 1) / (double)interval);
        bytes += (double)size;
        variance += (double)size * (double)size * (1 - p) / p;
        if (!sampler_pass(&thread, size) && sampler_take(&thread, size, interval) != 0) {
            estimated_bytes += sampler_weight(size, interval) * (double)size;
        }
    }
    assert_true(fabs(estimated_bytes - bytes) <= 4 * sqrt(variance));
}

// Counts the distances in BINS equally likely intervals. The last one contains the ziggurat's tail: the curve left of it has p = 1 -
// e^-7.7.
TEST(distances_are_exponential) {
    enum { BINS = 4096, PER_BIN = 4096 };
    static unsigned counts[BINS];
    const uint64_t interval = (uint64_t)1 << 40;
    struct thread_state thread = {.random = 11};
    for (int i = 0; i < BINS * PER_BIN; i++) {
        sampler_next(&thread, interval);
        double below = -expm1(-(double)thread.countdown_bytes / (double)interval); // uniform if the distances are exponential
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
    const uint64_t interval = (uint64_t)1 << 40, draws = 20000000;
    struct thread_state thread = {.random = 13};
    double beyond = 0, sum = 0;
    for (uint64_t i = 0; i < draws; i++) {
        sampler_next(&thread, interval);
        double x = (double)thread.countdown_bytes / (double)interval - edge;
        beyond += x > 0;
        sum += x > 0 ? x : 0;
    }
    assert_true(fabs(beyond - mass * (double)draws) <= 4 * sqrt(mass * (double)draws));
    assert_true(fabs(sum / beyond - 1) <= 4 / sqrt(beyond));
}

TEST(no_distance_is_too_long_for_the_countdown) {
    struct thread_state thread = {.random = 17};
    for (int i = 0; i < 1000; i++) {
        sampler_next(&thread, UINT64_MAX);
        assert_true(thread.countdown_bytes <= (uint64_t)1 << 62);
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
    assert_int_equal(count_samples(&thread, 1 << 20, 1000, 0), 0);
    assert_true(count_samples(&thread, 1 << 20, 1000, 4096) == 1000); // p = 1 - e^-256
    // Switched off: the thread's old distance may still apply once; after that nothing.
    count_samples(&thread, 1 << 20, 1, 0);
    assert_int_equal(count_samples(&thread, 1 << 20, 1000, 0), 0);
}

TEST(a_new_interval_keeps_the_weight_of_the_old_one_until_the_next_sample) {
    struct thread_state thread = {.random = 3};
    sampler_next(&thread, 1 << 20);
    while (sampler_pass(&thread, 1000)) {
    }
    assert_int_equal(sampler_take(&thread, 1000, 4096), 1 << 20);
    while (sampler_pass(&thread, 1000)) {
    }
    assert_int_equal(sampler_take(&thread, 1000, 4096), 4096);
}

// malloc(SIZE_MAX) fails, but must not move the countdown to where nothing is ever sampled.
TEST(impossible_sizes_do_not_break_the_countdown) {
    struct thread_state thread = {.random = 5};
    sampler_next(&thread, 4096);
    uint64_t before = thread.countdown_bytes;
    assert_false(sampler_pass(&thread, SIZE_MAX));
    assert_false(sampler_pass(&thread, (size_t)1 << 63));
    assert_int_equal(thread.countdown_bytes, before);
    double weight = sampler_weight(SIZE_MAX, 4096);
    assert_true(weight == 1);
}

TEST(two_threads_draw_differently) {
    struct thread_state one = {0}, two = {0};
    sampler_next(&one, 1 << 20);
    sampler_next(&two, 1 << 20);
    assert_true(one.random != two.random);
    assert_true(one.countdown_bytes != two.countdown_bytes);
}

int main(void) {
    sampler_open();
    return tests_run();
}
