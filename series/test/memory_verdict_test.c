// memory_verdict_test.c: planted causes and their near misses, each by what the process would report, with the noise of sampling.

#include "../../base/test/test.h"

#include <math.h>

#include "../memory_verdict.h"

enum { POINTS = 40, MIB = 1 << 20 };

// A process of 40 periods. Figures that a case does not set are steady.
struct process {
    struct series_point points[MEMORY_FIGURE_COUNT][TREND_MAX_POINTS];
    struct memory_series series[MEMORY_FIGURE_COUNT];
};
typedef double shape_in_time(double t); // of MiB over time, t: 0 to 1

static uint64_t state_of_random = 1;
static double noise(double size) {
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        state_of_random ^= state_of_random << 13, state_of_random ^= state_of_random >> 7, state_of_random ^= state_of_random << 17;
        sum += (double)(state_of_random >> 11) / 9007199254740992.0;
    }
    return (sum - 6) * size;
}

static void set(struct process *process, enum memory_figure figure, shape_in_time *course, bool sampled) {
    for (int i = 0; i < POINTS; i++) {
        double bytes = course(i / (POINTS - 1.0)) * MIB;
        bytes += sampled ? noise(sqrt(bytes * 524288)) : noise(0.002 * bytes);
        process->points[figure][i] = (struct series_point){60000 * i, bytes > 0 ? bytes : 0};
    }
    process->series[figure] = (struct memory_series){process->points[figure], POINTS};
}
static void set_count(struct process *process, enum memory_figure figure, shape_in_time *course) {
    set(process, figure, course, false);
    for (int i = 0; i < POINTS; i++) {
        process->points[figure][i].value = round(course(i / (POINTS - 1.0)));
    }
}

static double five(double t) {
    return 5 + 0 * t;
}
static double forty(double t) {
    return 40 + 0 * t;
}
static double steady(double t) {
    return 100 + 0 * t;
}
static double rss(double t) {
    return 400 + 0 * t;
}
static double grows(double t) {
    return 30 + 200 * t;
}
static double doubles(double t) {
    return t < 0.2 ? 16 : t < 0.45 ? 32 : t < 0.75 ? 64 : 128;
}
static double warms_up(double t) {
    return 300 * (1 - exp(-8 * t));
}
static double stops(double t) {
    return t < 0.3 ? 40 : t < 0.6 ? 40 + 500 * (t - 0.3) : 190;
}
static double sawtooth(double t) {
    return 50 + 150 * fmod(6 * t, 1);
}
static double comes_and_goes(double t) {
    return t > 0.3 && t < 0.6 ? 250 : 30;
}
static double two_hundred(double t) {
    return 200 + 0 * t;
}
static double ten(double t) {
    return 10 + 0 * t;
}
static double falls(double t) {
    return 200 - 150 * t;
}

static struct process quiet(void) {
    struct process process;
    memset(&process, 0, sizeof process);
    static const enum memory_figure small[] = {MEMORY_MALLOC_FREE, MEMORY_MALLOC_TRIM, MEMORY_GO_FREE, MEMORY_FILES, MEMORY_UNEXPLAINED};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        set(&process, small[i], five, false);
    }
    set(&process, MEMORY_RSS, rss, false);
    set(&process, MEMORY_MALLOC_LIVE, steady, true);
    set(&process, MEMORY_GO_LIVE, forty, true);
    set(&process, MEMORY_THREAD_STACKS, five, false);
    set_count(&process, MEMORY_THREADS, forty);
    return process;
}

// The series point into the struct: it may have been copied.
static size_t judge(struct process *process, struct memory_verdict verdicts[MEMORY_FIGURE_COUNT]) {
    for (int i = 0; i < MEMORY_FIGURE_COUNT; i++) {
        process->series[i].points = process->points[i];
    }
    return memory_verdicts(process->series, verdicts);
}

static void expect(struct process process, enum memory_verdict_kind kind, enum memory_figure figure) {
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    size_t count = judge(&process, verdicts);
    if (kind == VERDICT_NONE) {
        if (count != 0) {
            fail_msg("%s of %s", memory_verdict_name(verdicts[0].kind), memory_figure_name(verdicts[0].figure));
        }
        return;
    }
    assert_int_equal(count, 1);
    if (verdicts[0].kind != kind) {
        fail_msg("%s, not %s", memory_verdict_name(verdicts[0].kind), memory_verdict_name(kind));
    }
    assert_int_equal(verdicts[0].figure, figure);
}

#define SEEDS(statements)                                                                                                                  \
    for (uint64_t seed = 1; seed <= 50; seed++) {                                                                                          \
        state_of_random = seed * 2654435761u;                                                                                              \
        statements                                                                                                                         \
    }

static void expect_of(enum memory_figure figure, shape_in_time *course, bool sampled, enum memory_verdict_kind kind) {
    SEEDS(struct process process = quiet(); set(&process, figure, course, sampled); expect(process, kind, figure);)
}

TEST(nothing) {
    SEEDS(expect(quiet(), VERDICT_NONE, 0);)
    struct process unknown;
    memset(&unknown, 0, sizeof unknown);
    expect(unknown, VERDICT_NONE, 0);
}

TEST(growth) {
    expect_of(MEMORY_MALLOC_LIVE, grows, true, VERDICT_LEAK);
    expect_of(MEMORY_MALLOC_LIVE, doubles, false, VERDICT_LEAK);
    expect_of(MEMORY_GO_LIVE, grows, true, VERDICT_GO_GROWTH);
    expect_of(MEMORY_MAPPED, grows, false, VERDICT_MAPPING);
    expect_of(MEMORY_FILES, grows, false, VERDICT_MAPPED_FILE);
    expect_of(MEMORY_SHARED, grows, false, VERDICT_SHARED_MEMORY);
    expect_of(MEMORY_UNEXPLAINED, grows, false, VERDICT_UNKNOWN_GROWTH);
    expect_of(MEMORY_NOT_SEEN, grows, false, VERDICT_UNKNOWN_GROWTH);
}

TEST(what_is_no_growth) {
    static const enum memory_figure figures[] = {MEMORY_MALLOC_LIVE, MEMORY_GO_LIVE, MEMORY_MAPPED, MEMORY_SHARED, MEMORY_UNEXPLAINED};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        expect_of(figures[i], sawtooth, true, VERDICT_NONE);
        expect_of(figures[i], comes_and_goes, true, VERDICT_NONE);
        expect_of(figures[i], falls, true, VERDICT_NONE);
    }
}

TEST(rose_and_stayed) {
    expect_of(MEMORY_MALLOC_LIVE, stops, true, VERDICT_PLATEAU);
    expect_of(MEMORY_MAPPED, stops, false, VERDICT_PLATEAU);
    expect_of(MEMORY_MALLOC_LIVE, warms_up, true, VERDICT_CACHE_FULL);
    expect_of(MEMORY_FILES, warms_up, false, VERDICT_NONE); // the kernel reads a mapped file once
    struct process process = quiet();
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    set(&process, MEMORY_MALLOC_LIVE, stops, false);
    assert_int_equal(judge(&process, verdicts), 1);
    assert_true(fabs(verdicts[0].bytes - 150.0 * MIB) < 8.0 * MIB);
    assert_in_range(verdicts[0].shape.before, 11, 15);
}

TEST(threads) {
    SEEDS(struct process process = quiet(); set(&process, MEMORY_THREAD_STACKS, grows, false);
          expect(process, VERDICT_NONE, 0); // no more threads than before: some went deep
          set_count(&process, MEMORY_THREADS, grows); expect(process, VERDICT_THREAD_STACKS, MEMORY_THREAD_STACKS);)
}

TEST(kept_by_the_allocator) {
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    struct process process = quiet();
    set(&process, MEMORY_MALLOC_FREE, two_hundred, false);
    set(&process, MEMORY_MALLOC_TRIM, two_hundred, false);
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_RETENTION);
    assert_true(fabs(verdicts[0].gives_back - 200.0 * MIB) < 10.0 * MIB);
    set(&process, MEMORY_MALLOC_TRIM, ten, false);
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_FRAGMENTATION);
    assert_true(verdicts[0].gives_back < 11.0 * MIB);
    process.series[MEMORY_MALLOC_TRIM].count = 0;
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_RETENTION);
    assert_true(isnan(verdicts[0].gives_back));
    expect_of(MEMORY_MALLOC_FREE, comes_and_goes, false, VERDICT_NONE); // given back since
    expect_of(MEMORY_MALLOC_FREE, forty, false, VERDICT_NONE);          // slack
}

// 200 MiB that were live are freed as large blocks, in the middle of the series.
static double freed_in_between(double t) {
    return t < 0.4 ? 30 : 230;
}
static double million(double t) {
    return 1e6 + 0 * t;
}
// As the 200 MiB were, but every second block of a kilobyte.
static double million_and_more(double t) {
    return t < 0.4 ? 1e6 : 1.2e6;
}
static double none(double t) {
    return 0 * t;
}
static double two_hundred_and_thirty(double t) {
    return 230 + 0 * t;
}

// The allocator was asked once, before 200 MiB were freed, or long after: what it said then is not about what is free now.
TEST(asked_seldom) {
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    struct process process = quiet();
    set(&process, MEMORY_MALLOC_FREE, freed_in_between, false);
    process.points[MEMORY_MALLOC_TRIM][0] = (struct series_point){60000 * 3, 1.0 * MIB};
    process.points[MEMORY_MALLOC_BLOCKS][0] = (struct series_point){60000 * 3, 100};
    process.series[MEMORY_MALLOC_TRIM].count = process.series[MEMORY_MALLOC_BLOCKS].count = 1;
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_RETENTION);
    assert_true(isnan(verdicts[0].gives_back));
    // A moment after they were freed: that holds still.
    process.points[MEMORY_MALLOC_TRIM][1] = (struct series_point){60000 * 20, 1.0 * MIB};
    process.points[MEMORY_MALLOC_BLOCKS][1] = (struct series_point){60000 * 20, 200000};
    process.series[MEMORY_MALLOC_TRIM].count = process.series[MEMORY_MALLOC_BLOCKS].count = 2;
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_FRAGMENTATION);
    process.points[MEMORY_MALLOC_BLOCKS][1].value = 300;
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_RETENTION);
    assert_true(fabs(verdicts[0].gives_back - 200.0 * MIB) < 10.0 * MIB);
}

// A million free blocks of 32 bytes make the lower bound of whole pages 0. Large blocks beside them are retention nevertheless, if they
// were freed while the process was watched; small ones are fragmentation.
TEST(many_tiny_blocks) {
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    SEEDS(struct process process = quiet(); set(&process, MEMORY_MALLOC_TRIM, none, false);
          set(&process, MEMORY_MALLOC_FREE, freed_in_between, false); set_count(&process, MEMORY_MALLOC_BLOCKS, million);
          assert_int_equal(judge(&process, verdicts), 1); assert_int_equal(verdicts[0].kind, VERDICT_RETENTION);
          assert_true(fabs(verdicts[0].gives_back - 200.0 * MIB) < 10.0 * MIB); set_count(&process, MEMORY_MALLOC_BLOCKS, million_and_more);
          assert_int_equal(judge(&process, verdicts), 1); assert_int_equal(verdicts[0].kind, VERDICT_FRAGMENTATION);
          assert_true(verdicts[0].gives_back == 0); assert_in_range(verdicts[0].block_bytes, 150, 250);)
    // It was like that from the start: not known, and what is said has the size of a block.
    SEEDS(struct process process = quiet(); set(&process, MEMORY_MALLOC_TRIM, none, false);
          set(&process, MEMORY_MALLOC_FREE, two_hundred_and_thirty, false); set_count(&process, MEMORY_MALLOC_BLOCKS, million);
          assert_int_equal(judge(&process, verdicts), 1); assert_int_equal(verdicts[0].kind, VERDICT_FRAGMENTATION);
          assert_in_range(verdicts[0].block_bytes, 230, 250);)
    // Without the count of blocks: as the bound says.
    struct process process = quiet();
    set(&process, MEMORY_MALLOC_TRIM, none, false);
    set(&process, MEMORY_MALLOC_FREE, freed_in_between, false);
    assert_int_equal(judge(&process, verdicts), 1);
    assert_int_equal(verdicts[0].kind, VERDICT_FRAGMENTATION);
    assert_true(isnan(verdicts[0].block_bytes));
}

TEST(kept_by_go) {
    expect_of(MEMORY_GO_FREE, two_hundred, false, VERDICT_GO_NOT_RETURNED);
    expect_of(MEMORY_GO_FREE, comes_and_goes, false, VERDICT_NONE);
    expect_of(MEMORY_GO_FREE, sawtooth, false, VERDICT_NONE); // each collection frees, each cycle uses it
}

TEST(page_cache) {
    SEEDS(struct process process = quiet(); set(&process, MEMORY_CGROUP, rss, false); set(&process, MEMORY_CGROUP_FILE, steady, false);
          expect(process, VERDICT_NONE, 0); // a quarter
          set(&process, MEMORY_CGROUP_FILE, rss, false); expect(process, VERDICT_NONE, 0);
          /* without a limit */ set(&process, MEMORY_CGROUP_LIMIT, rss, false); expect(process, VERDICT_PAGE_CACHE, MEMORY_CGROUP_FILE);)
}

// What grows comes first, then what can be given back.
TEST(order) {
    struct process process = quiet();
    struct memory_verdict verdicts[MEMORY_FIGURE_COUNT];
    set(&process, MEMORY_GO_FREE, two_hundred, false);
    set(&process, MEMORY_MAPPED, stops, false);
    set(&process, MEMORY_MALLOC_LIVE, grows, false);
    assert_int_equal(judge(&process, verdicts), 3);
    assert_int_equal(verdicts[0].kind, VERDICT_LEAK);
    assert_int_equal(verdicts[1].kind, VERDICT_GO_NOT_RETURNED);
    assert_int_equal(verdicts[2].kind, VERDICT_PLATEAU);
}

TEST(names) {
    for (int i = 0; i < MEMORY_FIGURE_COUNT; i++) {
        assert_memory_equal(memory_figure_name((enum memory_figure)i), "memory_", 7);
    }
    for (int i = 0; i < VERDICT_KIND_COUNT; i++) {
        assert_non_null(memory_verdict_name((enum memory_verdict_kind)i));
    }
    assert_int_equal(memory_verdict_rank(VERDICT_LEAK), 0);
    assert_int_equal(memory_verdict_rank(VERDICT_UNKNOWN_GROWTH), 0);
    assert_int_equal(memory_verdict_rank(VERDICT_GO_NOT_RETURNED), 1);
    assert_int_equal(memory_verdict_rank(VERDICT_CACHE_FULL), 2);
    assert_int_equal(memory_verdict_rank(VERDICT_PAGE_CACHE), 3);
    for (const int *none = (const int[]){0, -1, VERDICT_KIND_COUNT, 1000}; *none != 1000; none++) {
        assert_int_equal(memory_verdict_rank(*none), 4);
    }
}

int main(void) {
    return tests_run();
}
