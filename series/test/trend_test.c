// trend_test.c: growth and what resembles it, over many seeds: no false alarm on steady series, no leak missed.

#include "../../base/test/test.h"

#include "../trend.h"

static uint64_t state_of_random = 1;

static double uniform(void) { // xorshift64, [0, 1)
    state_of_random ^= state_of_random << 13, state_of_random ^= state_of_random >> 7, state_of_random ^= state_of_random << 17;
    return (double)(state_of_random >> 11) / 9007199254740992.0;
}

static double noise(double size) { // roughly normal, standard deviation = size
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += uniform();
    }
    return (sum - 6) * size;
}

typedef double shape(int i, int count);
enum { MB = 1000000 };

static double leak(int i, int count) {
    (void)count;
    return 5 * MB + i * 2.0 * MB + noise(1 * MB);
}
static double slow_leak_in_steps(int i, int count) { // a slow leak as sampled: half a megabyte now and then
    (void)count;
    return (int)(i * 0.45) * 524288.0;
}
static double leak_with_spikes(int i, int count) { // one point in eight is an outlier
    (void)count;
    return i % 8 == 5 ? uniform() * 200 * MB : 5 * MB + i * 3.0 * MB;
}

static double steady(int i, int count) {
    (void)i, (void)count;
    return 40 * MB + noise(4 * MB);
}
static double sawtooth(int i, int count) { // a cache that is emptied: three teeth
    int length = count / 3;
    return (i % length) * (60.0 * MB / length) + noise(1 * MB);
}
static double two_teeth(int i, int count) {
    return (i % (count / 2)) * (60.0 * MB / count) + noise(MB / 10);
}
static double warm_up(int i, int count) { // reaches its level after a quarter
    double share = 4.0 * i / count;
    return (share < 1 ? share : 1) * 80 * MB + noise(2 * MB);
}
static double slow_warm_up(int i, int count) { // 1 - exp(-t), three time constants
    double t = 3.0 * i / count, e = 1, power = 1;
    for (int k = 1; k < 40; k++) {
        power *= -t / k;
        e += power;
    }
    return 80 * MB * (1 - e);
}
static double one_step(int i, int count) {
    return i < 3 * count / 4 ? 10 * MB : 60 * MB;
}
static double two_steps(int i, int count) {
    return 10 * MB + 20 * MB * (3 * i / count);
}
static double step_with_noise(int i, int count) {
    return (i < count / 2 ? 10 : 30) * MB + noise(1 * MB);
}
static double falling(int i, int count) {
    return (count - i) * 3.0 * MB;
}
static double nothing(int i, int count) {
    (void)i, (void)count;
    return 0;
}

static int alarms(shape *series, int count, int seeds) {
    int found = 0;
    for (int seed = 1; seed <= seeds; seed++) {
        struct series_point points[TREND_MAX_POINTS];
        state_of_random = 0x9E3779B97F4A7C15u * (uint64_t)seed;
        for (int i = 0; i < count; i++) {
            points[i] = (struct series_point){1000000 + 60000LL * i, series(i, count)};
        }
        found += trend_of(points, (size_t)count, 65536).grows;
    }
    return found;
}

TEST(leaks_are_found) {
    // Noise is half a step here: with few points some are not sure yet.
    const int counts[] = {8, 12, 20, 30, 60}, found[] = {200, 270, 297, 300, 300};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int alarmed = alarms(leak, counts[i], 300);
        if (alarmed < found[i]) {
            fail_msg("%d of 300 leaks of %d points are found", alarmed, counts[i]);
        }
        assert_int_equal(alarms(slow_leak_in_steps, counts[i], 1), 1);
    }
    assert_true(alarms(leak_with_spikes, 40, 100) >= 50); // most of them: every eighth point is far off
}

TEST(no_false_alarm) {
    static const struct {
        const char *name;
        shape *series;
    } shapes[] = {{"steady", steady},     {"sawtooth", sawtooth}, {"two teeth", two_teeth}, {"warm-up", warm_up},
                  {"slow", slow_warm_up}, {"one step", one_step}, {"two steps", two_steps}, {"step with noise", step_with_noise},
                  {"falling", falling},   {"nothing", nothing}};
    const int counts[] = {5, 7, 15, 30, 60};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        // With few points a sawtooth is less than a tooth, and a warm-up is not over.
        bool needs_points = strstr("sawtooth two teeth warm-up slow", shapes[i].name);
        for (size_t c = needs_points ? 2 : 0; c < sizeof counts / sizeof *counts; c++) {
            int found = alarms(shapes[i].series, counts[c], 300);
            if (found > 0) {
                fail_msg("%s: %d alarms of 300 series of %d points", shapes[i].name, found, counts[c]);
            }
        }
    }
}

TEST(slope) {
    struct series_point points[20];
    for (int i = 0; i < 20; i++) {
        points[i] = (struct series_point){10000LL * i, 1000.0 * i + (i == 7 ? 1e9 : 0)};
    }
    struct trend trend = trend_of(points, 20, 1);
    assert_true(trend.slope_per_s > 99 && trend.slope_per_s < 101); // one outlier does not move it
    assert_true(trend.grows);
    assert_false(trend_of(points, 20, 1e6).grows); // too little
    assert_true(trend_of(points, 5, 1).grows);     // few, but rising at every step from nothing
    assert_false(trend_of(points, 4, 1).grows);    // too few
    for (int i = 0; i < 20; i++) {
        points[i].ms = 7; // no time passes
    }
    assert_false(trend_of(points, 20, 1).grows);
}

TEST(median) {
    double values[] = {5, 1, 3, 9};
    assert_true(trend_median(values, 4) == 4 && trend_median(values, 3) == 3 && trend_median(values, 0) == 0);
}

// Against a sort: equal values, sorted and reversed.
static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}
TEST(median_of_many) {
    for (int count = 1; count < 400; count++) {
        double values[400], sorted[400];
        for (int i = 0; i < count; i++) {
            values[i] = count % 4 == 0 ? i : count % 4 == 1 ? -i : count % 4 == 2 ? (int)(uniform() * 5) : uniform();
        }
        memcpy(sorted, values, sizeof sorted);
        qsort(sorted, (size_t)count, sizeof *sorted, compare);
        double median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
        assert_true(trend_median(values, (size_t)count) == median);
    }
}

int main(void) {
    return tests_run();
}
