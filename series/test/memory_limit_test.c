// memory_limit_test.c: the time until the limit of planted courses, against what is known of them; what counts against the limit.

#include "../../base/test/test.h"

#include <math.h>

#include "../memory_limit.h"

enum { POINTS = 40, MIB = 1 << 20, SEEDS = 50 };

typedef double course_of(double t); // MiB at t, 0 to 1: 39 minutes

static uint64_t state_of_random;
static double noise(double size) {
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        state_of_random ^= state_of_random << 13, state_of_random ^= state_of_random >> 7, state_of_random ^= state_of_random << 17;
        sum += (double)(state_of_random >> 11) / 9007199254740992.0;
    }
    return (sum - 6) * size;
}

static struct memory_outlook outlook_of(course_of *course, double noise_mib, double limit_mib) {
    struct series_point points[POINTS];
    for (int i = 0; i < POINTS; i++) {
        points[i] = (struct series_point){60000 * i, (course(i / (POINTS - 1.0)) + noise(noise_mib)) * MIB};
    }
    return memory_outlook_of(points, POINTS, limit_mib * MIB);
}

static double linear(double t) {
    return 300 + 300 * t;
}
// Quiet for the first 60 %.
static double began_lately(double t) {
    return t < 0.6 ? 300 : 300 + 1000 * (t - 0.6);
}
static double on_a_high_level(double t) {
    return t < 0.5 ? 2000 : 2000 + 500 * (t - 0.5);
}
static double accelerates(double t) {
    return 100 + 600 * t * t;
}
static double slows_down(double t) {
    return t < 0.5 ? 100 + 800 * t : 500 + 360 * (t - 0.5);
}
static double flat(double t) {
    return 500 + 0 * t;
}
static double falls(double t) {
    return 700 - 300 * t;
}
static double saw(double t) { // the last tooth is half way up
    return 300 + 300 * fmod(2.5 * t, 1);
}
static double stopped(double t) {
    return t < 0.5 ? 200 + 800 * t : 600;
}

// The predicted time is that at the slope at the end, within a share of it.
static void expect_time(course_of *course, double noise_mib, double limit_mib, double slope_mib, double tolerance) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        state_of_random = seed * 2654435761u;
        struct memory_outlook outlook = outlook_of(course, noise_mib, limit_mib);
        double want = (limit_mib - course(1)) / slope_mib * 39 * 60;
        if (!(fabs(outlook.seconds - want) <= tolerance * want)) {
            fail_msg("%.0f s, not %.0f (from point %zu)", outlook.seconds, want, outlook.from);
        }
    }
}

static void expect_none(course_of *course, double noise_mib) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        state_of_random = seed * 2654435761u;
        struct memory_outlook outlook = outlook_of(course, noise_mib, 1000);
        assert_true(isinf(outlook.seconds));
        assert_true(outlook.slope_per_s == 0 && outlook.from == POINTS);
    }
}

TEST(todays_slope) {
    expect_time(linear, 0, 1000, 300, 0.01);
    expect_time(linear, 10, 1000, 300, 0.2);
    expect_time(began_lately, 0, 1000, 1000, 0.2);
    expect_time(began_lately, 5, 1000, 1000, 0.25);
    expect_time(on_a_high_level, 5, 2600, 500, 0.25); // an eighth of the level
    expect_time(accelerates, 2, 1000, 1200, 0.35);    // the slope is of the newest half, and rises in it
    expect_time(slows_down, 2, 1000, 360, 0.2);
}

TEST(what_does_not_grow) {
    expect_none(flat, 10);
    expect_none(falls, 5);
    expect_none(saw, 5);
    expect_none(stopped, 3);
}

TEST(no_limit) {
    state_of_random = 1;
    assert_true(isnan(outlook_of(linear, 0, NAN).seconds));
    assert_true(outlook_of(linear, 0, 500).seconds == 0); // above it
    assert_true(outlook_of(flat, 0, 500).seconds == 0);
    assert_true(isnan(memory_outlook_of(NULL, 0, 1).seconds));
}

// Page cache that goes first does not count; where it is told, a moment without it is unknown.
TEST(counted) {
    struct series_point used[] = {{10, 100}, {20, 110}, {30, 120}}, inactive[] = {{10, 40}, {30, 500}}, counted[TREND_MAX_POINTS];
    struct memory_series series[MEMORY_FIGURE_COUNT] = {[MEMORY_CGROUP] = {used, 3}};
    assert_int_equal(memory_counted(series, counted), 3);
    assert_memory_equal(counted, used, sizeof used);
    series[MEMORY_CGROUP_INACTIVE_FILE] = (struct memory_series){inactive, 2};
    assert_int_equal(memory_counted(series, counted), 2);
    assert_true(counted[0].ms == 10 && counted[0].value == 60 && counted[1].ms == 30 && counted[1].value == 0);
    assert_ptr_equal(memory_limit_series(series), &series[MEMORY_CGROUP_LIMIT]);
    struct series_point own[] = {{10, 7}, {20, 8}}, limit[] = {{10, 9}};
    series[MEMORY_LIMIT_USED] = (struct memory_series){own, 2};
    series[MEMORY_LIMIT] = (struct memory_series){limit, 1};
    assert_int_equal(memory_counted(series, counted), 2); // the process's own word
    assert_memory_equal(counted, own, sizeof own);
    assert_ptr_equal(memory_limit_series(series), &series[MEMORY_LIMIT]);
    series[MEMORY_LIMIT].count = series[MEMORY_CGROUP].count = 0;
    assert_int_equal(memory_counted(series, counted), 0);
}

int main(void) {
    return tests_run();
}
