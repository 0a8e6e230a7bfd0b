// memory_watch_test.c: what the watch tells of memory that fills, with the time and the readings made up; and what it reads of this
// machine.

#include "../../base/test/test.h"

#include <sys/resource.h>
#include <unistd.h>

#include "../memory_watch.h"

#define MB UINT64_C(1000000)
#define MS UINT64_C(1000000)
#define LIMIT (256 * MB)

struct world {
    struct cmemprof_memory_watch watch;
    uint64_t now, limit;
    unsigned told, looks;
    uint64_t told_left; // when it was told first
};

static const struct world at_start = {.now = 1000 * MEMORY_WATCH_SECOND, .limit = LIMIT};

static uint64_t look(struct world *world, struct memory_reading reading) {
    uint64_t wait;
    world->looks++;
    if (memory_watch_judge(&world->watch, &reading, world->now, &wait) && world->told++ == 0) {
        world->told_left = reading.left;
    }
    world->now += wait;
    return wait;
}

static struct memory_reading used(const struct world *world, uint64_t bytes) {
    return (struct memory_reading){
        .limit = world->limit, .left = world->limit > bytes ? world->limit - bytes : 0, .rss = UINT64_MAX, .threshold = UINT64_MAX};
}

// Stays at `from` for ten seconds, then grows at a rate up to `to`. Returns what is used in the end.
static uint64_t fill(struct world *world, uint64_t from, uint64_t to, uint64_t bytes_per_second) {
    for (uint64_t end = world->now + 10 * MEMORY_WATCH_SECOND; world->now < end;) {
        look(world, used(world, from));
    }
    uint64_t start = world->now, now = from;
    while (now < to) {
        look(world, used(world, now));
        now = from + (uint64_t)((double)(world->now - start) * 1e-9 * (double)bytes_per_second);
    }
    return to;
}

TEST(a_fill_is_told_in_time) {
    static const uint64_t rates[] = {1 * MB, 10 * MB, 100 * MB, 500 * MB};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        for (uint64_t from = 5 * MB; from <= 65 * MB; from += 10 * MB) {
            struct world world = at_start;
            fill(&world, from, LIMIT, rates[i]);
            assert_in_range(world.told, 1, 4);
            // A batch takes a fifth of a second.
            assert_true((double)world.told_left / (double)rates[i] > 0.2);
        }
    }
}

TEST(far_from_the_limit_it_looks_once_a_second) {
    struct world world = at_start;
    world.limit = 16000 * MB;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(look(&world, used(&world, 1000 * MB + (uint64_t)(i % 7) * 100 * MB)), MEMORY_WATCH_SECOND);
    }
    assert_int_equal(look(&world, (struct memory_reading){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0}), MEMORY_WATCH_SECOND);
    assert_int_equal(world.told, 0);
}

TEST(a_block_that_comes_and_goes_is_no_growth) {
    struct world world = at_start;
    for (int i = 0; i < 1000; i++) {
        look(&world, used(&world, i % 2 == 0 ? 40 * MB : 140 * MB));
    }
    assert_int_equal(world.told, 0);
}

// A service that lives near its limit: one batch, and few looks.
TEST(life_near_the_limit_is_told_once) {
    struct world world = at_start;
    for (uint64_t end = world.now + 3600 * MEMORY_WATCH_SECOND; world.now < end;) {
        look(&world, used(&world, 250 * MB + (uint64_t)(world.looks % 4) * MB));
    }
    assert_int_equal(world.told, 1);
    assert_in_range(world.looks, 1, 3600 * 11);
}

// Each time when its growth is seen and when it is near.
TEST(a_sawtooth_is_told_twice_in_five_minutes) {
    struct world world = at_start;
    for (int i = 0; i < 120; i++) {
        fill(&world, 100 * MB, 248 * MB, 20 * MB);
    }
    uint64_t minutes = (world.now - at_start.now) / (60 * MEMORY_WATCH_SECOND);
    assert_in_range(world.told, minutes / 5, 2 * (minutes / 5 + 1));
}

// What was told of a start-up that then came to rest does not hide the fill after it.
TEST(a_fill_after_a_false_alarm_is_told) {
    struct world world = at_start;
    fill(&world, 10 * MB, 160 * MB, 500 * MB);
    assert_in_range(world.told, 1, 2);
    unsigned before = world.told;
    fill(&world, 160 * MB, LIMIT, 100 * MB);
    assert_true(world.told > before);
}

TEST(a_threshold_is_told) {
    struct world world = at_start;
    struct memory_reading reading = {UINT64_MAX, UINT64_MAX, 99 * MB, 100 * MB, 0, 0};
    assert_in_range(look(&world, reading), 1, 50 * MS);
    assert_int_equal(world.told, 0);
    reading.rss = 100 * MB;
    look(&world, reading);
    look(&world, reading);
    assert_int_equal(world.told, 1);
    reading.rss = UINT64_MAX; // cannot be read
    assert_int_equal(look(&world, reading), MEMORY_WATCH_SECOND);
}

// The threshold is told, and the limit afterwards, in a process that stays over the threshold until it is killed.
TEST(the_limit_is_told_after_the_threshold) {
    struct world world = at_start;
    struct memory_reading reading = {1000 * MB, 500 * MB, 500 * MB, 500 * MB, 0, 0};
    look(&world, reading);
    look(&world, reading);
    assert_int_equal(world.told, 1);
    reading.left = 20 * MB;
    reading.rss = 980 * MB;
    look(&world, reading);
    look(&world, reading);
    assert_int_equal(world.told, 2);
}

TEST(pressure_is_told) {
    struct world world = at_start;
    struct memory_reading reading = used(&world, 10 * MB);
    reading.pressure_percent = 19;
    look(&world, reading);
    assert_int_equal(world.told, 0);
    reading.pressure_percent = 20;
    look(&world, reading);
    assert_int_equal(world.told, 1);
}

TEST(this_machine_is_read) {
    struct memory_reading reading;
    struct rusage usage;
    memory_watch_read(1, &reading);
    getrusage(RUSAGE_SELF, &usage);
    assert_true(reading.left <= reading.limit && reading.left > 0 && reading.limit > (uint64_t)usage.ru_maxrss * 1024);
    assert_true(reading.limit <= (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    assert_in_range(reading.rss, 100000, (uint64_t)usage.ru_maxrss * 1024 + 4 * MB);
    assert_int_equal(reading.threshold, 1);
    assert_in_range(cmemprof_memory_left(), 1, reading.limit);
    assert_true(cmemprof_memory_limit() > reading.rss); // of a cgroup, or none
    memory_watch_read(0, &reading);
    assert_true(reading.threshold == UINT64_MAX);
    struct cmemprof_memory_watch watch = {0};
    uint64_t wait = 0;
    assert_true(cmemprof_memory_watch_step(&watch, 1, &wait)); // more than a byte is resident
    assert_false(cmemprof_memory_watch_step(&watch, 1, &wait));
    assert_in_range(wait, 1, MEMORY_WATCH_SECOND);
    assert_true(watch.left_bytes != 0);
}

int main(void) {
    return tests_run();
}
