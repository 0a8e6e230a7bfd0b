// shape_test.c: kinds of rises, over many seeds, with the noise of sampling.

#include "../../base/test/test.h"

#include "../shape.h"

#include <math.h>

#define MB 1e6

static uint64_t state_of_random = 1;

static double uniform(void) { // xorshift64, [0, 1)
    state_of_random ^= state_of_random << 13, state_of_random ^= state_of_random >> 7, state_of_random ^= state_of_random << 17;
    return (double)(state_of_random >> 11) / 9007199254740992.0;
}
static double normal(void) {
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += uniform();
    }
    return sum - 6;
}
static double sampled(double bytes) { // each 512 KiB
    double estimate = bytes + sqrt(bytes * 524288) * normal();
    return estimate > 0 ? estimate : 0;
}

typedef double series(double t); // t: 0 to 1

static double leak(double t) {
    return sampled(5 * MB + 200 * MB * t);
}
static double leak_from_much(double t) {
    return sampled(300 * MB + 400 * MB * t);
}
static double late_leak(double t) {
    return sampled(20 * MB + 600 * MB * fmax(t - 0.65, 0));
}
static double below_a_sawtooth(double t) {
    return sampled(5 * MB + 120 * MB * t + 40 * MB * fmod(t * 6, 1));
}
static double step(double t) {
    return sampled(t < 0.6 ? 10 * MB : 100 * MB);
}
static double step_of_many(double t) { // beside other memory that varies
    return 60 * MB + 20 * MB * uniform() + (t < 0.4 ? 0 : 128 * MB);
}
static double ramp(double t) {
    return sampled(20 * MB + 200 * MB * fmin(fmax(4 * (t - 0.4), 0), 1));
}
static double stairs(double t) {
    return sampled(5 * MB + 60 * MB * floor(t * 5.99));
}
static double doubling(double t) {
    double size = 1 << 20;
    while (size < 128 * MB * t) {
        size *= 2;
    }
    return size;
}
static double by_halves(double t) { // 1.5 times each time, beside other memory of 30 MB
    double size = 1 << 20;
    while (size < 200 * MB * t) {
        size *= 1.5;
    }
    return size + sampled(30 * MB);
}
static double steady(double t) {
    (void)t;
    return sampled(80 * MB);
}
static double noise(double t) {
    (void)t;
    return 100 * MB * uniform();
}
static double sawtooth(double t) {
    return sampled(80 * MB * fmod(t * 3.2, 1));
}
static double one_and_a_half_teeth(double t) {
    return sampled(80 * MB * fmod(0.5 + t * 1.49, 1));
}
static double two_teeth(double t) {
    return sampled(80 * MB * fmod(t * 1.99, 1));
}
static double batch(double t) {
    return fmod(t + 0.1, 0.4) < 0.12 ? 200 * MB : 5 * MB;
}
static double came_and_went(double t) {
    return sampled(t > 0.3 && t < 0.6 ? 300 * MB : 20 * MB);
}
static double falling(double t) {
    return sampled(200 * MB * (1 - t));
}
static double warm_up(double t) {
    return sampled(200 * MB * (1 - exp(-t * 8)));
}
static double slow_warm_up(double t) {
    return sampled(200 * MB * (1 - exp(-t * 3)));
}
static double spikes(double t) {
    (void)t;
    return sampled(40 * MB) + (uniform() < 0.07 ? 300 * MB : 0);
}

struct counted {
    int by_kind[SHAPE_PLATEAU + 1], from_start;
};

static struct counted count_shapes(series *of, int count, int seeds) {
    struct counted counted = {0};
    for (int seed = 1; seed <= seeds; seed++) {
        struct series_point points[TREND_MAX_POINTS];
        state_of_random = 0x9E3779B97F4A7C15u * (uint64_t)seed;
        for (int i = 0; i < count; i++) {
            points[i] = (struct series_point){1000000 + 3600000LL * i / count, of((double)i / (count - 1))};
        }
        struct shape shape = shape_of(points, (size_t)count, 16 * MB);
        counted.by_kind[shape.kind]++;
        counted.from_start += shape.from_start;
    }
    return counted;
}

enum { SEEDS = 300 };
#define ONLY(kind) (1 << (kind))
#define ANY (ONLY(SHAPE_GROWS) | ONLY(SHAPE_DOUBLES) | ONLY(SHAPE_STEPS) | ONLY(SHAPE_STEP) | ONLY(SHAPE_PLATEAU))

// At least `percent` of all series have one of these kinds; a rise from the start has none.
static void expect(const char *name, series *of, int kinds, int count, int percent) {
    struct counted counted = count_shapes(of, count, SEEDS);
    int right = kinds & ONLY(SHAPE_NONE) ? counted.from_start : -counted.from_start;
    for (int kind = 0; kind <= SHAPE_PLATEAU; kind++) {
        right += kinds & ONLY(kind) ? counted.by_kind[kind] : 0;
    }
    if (right * 100 < percent * SEEDS) {
        fail_msg("%s of %d points: %d of %d; none %d, grows %d, doubles %d, steps %d, step %d, plateau %d, from the start %d", name, count,
                 right, SEEDS, counted.by_kind[0], counted.by_kind[1], counted.by_kind[2], counted.by_kind[3], counted.by_kind[4],
                 counted.by_kind[5], counted.from_start);
    }
}

static const int counts[] = {12, 24, 30, 60};
enum { COUNTS = sizeof counts / sizeof *counts };

TEST(rises_are_told) {
    for (size_t i = 0; i < COUNTS; i++) {
        expect("leak", leak, ONLY(SHAPE_GROWS) | ONLY(SHAPE_PLATEAU), counts[i], 99);
        expect("leak", leak, ONLY(SHAPE_GROWS), counts[i], 90);
        expect("leak from much", leak_from_much, ANY, counts[i], 90);
        expect("step", step, ONLY(SHAPE_STEP) | ONLY(SHAPE_PLATEAU), counts[i], 99);
        expect("step of many", step_of_many, ANY, counts[i], 95);
        expect("ramp", ramp, ONLY(SHAPE_PLATEAU) | ONLY(SHAPE_GROWS), counts[i], 99);
        expect("stairs", stairs, ANY, counts[i], 99);
        if (counts[i] > 12) {
            expect("below a sawtooth", below_a_sawtooth, ANY, counts[i], 70);
            expect("late leak", late_leak, ONLY(SHAPE_GROWS), counts[i], 90);
            expect("doubling", doubling, ONLY(SHAPE_DOUBLES), counts[i], 100);
            expect("by halves", by_halves, ANY, counts[i], 90);
        }
    }
}

TEST(others_are_none) {
    static const struct {
        const char *name;
        series *of;
        int percent; // some of 12 points are outliers
    } others[] = {{"steady", steady, 100},
                  {"noise", noise, 98},
                  {"sawtooth", sawtooth, 100},
                  {"one and a half teeth", one_and_a_half_teeth, 100},
                  {"two teeth", two_teeth, 100},
                  {"batch", batch, 100},
                  {"came and went", came_and_went, 100},
                  {"falling", falling, 100},
                  {"warm-up", warm_up, 100},
                  {"slow warm-up", slow_warm_up, 95},
                  {"spikes", spikes, 99}};
    for (size_t i = 0; i < COUNTS; i++) {
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            expect(others[k].name, others[k].of, ONLY(SHAPE_NONE), counts[i], others[k].percent);
        }
    }
}

// One upload per minute: the second of the first three points is far up the rise, and the level before it is reported.
TEST(rise_begins_below) {
    struct series_point points[30];
    for (int i = 0; i < 30; i++) {
        points[i] = (struct series_point){60000LL * i, fmin(75 * MB + 343 * MB * i, 1790 * MB)};
    }
    struct shape shape = shape_of(points, 30, 16 * MB);
    assert_int_equal(shape.kind, SHAPE_PLATEAU);
    assert_true(shape.from - shape.below == 75 * MB && shape.to == 1790 * MB);
    for (int i = 29; i >= 0; i--) { // a level before it counts, whatever its minimum
        points[i].value = i >= 10 ? points[i - 10].value : i == 4 ? 40 * MB : 75 * MB;
    }
    shape = shape_of(points, 30, 16 * MB);
    assert_int_equal(shape.kind, SHAPE_PLATEAU);
    assert_true(shape.from == 75 * MB && shape.below == 0);
}

int main(void) {
    return tests_run();
}
