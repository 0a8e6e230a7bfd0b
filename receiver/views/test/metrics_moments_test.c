// metrics_moments_test.c: concurrent processes, restarts, figures that some uploads lack, and many uploads.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../metrics_moments.h"

#include <math.h>

enum { MAX = 6000, MINUTE = 60000 };

struct given {
    struct listed_upload uploads[MAX];
    double values[MAX];
    struct upload_list list;
    struct metrics_series series;
};

// value NAN: the upload lacks the figure.
static void give(struct given *given, uint64_t process, int64_t end_ms, double value) {
    size_t upload = given->list.count++;
    given->uploads[upload] = (struct listed_upload){.end_ms = end_ms, .process = process};
    given->list.uploads = given->uploads;
    given->series.values = given->values;
    given->values[upload] = value;
}

static void expect(struct given *given, bool summed, const struct series_point *want, size_t count) {
    struct series_point points[METRICS_MAX_POINTS];
    static const struct metrics none;
    struct moments *moments = moments_new(&given->list, &none, METRICS_MAX_POINTS);
    assert_non_null(moments);
    assert_int_equal(moments_of_series(moments, &given->series, summed, points), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(points[i].ms, want[i].ms);
        assert_true(points[i].value == want[i].value);
    }
    moments_free(moments);
}

// Of one process, each upload is a point; a figure that one of them lacks has a gap.
TEST(one_process) {
    static struct given given;
    give(&given, 1, 1 * MINUTE, 10);
    give(&given, 1, 2 * MINUTE, NAN);
    give(&given, 1, 3 * MINUTE, 30);
    expect(&given, false, (struct series_point[]){{1 * MINUTE, 10}, {3 * MINUTE, 30}}, 2);
    expect(&given, true, (struct series_point[]){{1 * MINUTE, 10}, {3 * MINUTE, 30}}, 2);
}

// Two processes that send half a minute apart: from the second one's first upload on both have a value at each moment.
TEST(two_processes) {
    static struct given given;
    for (int i = 1; i <= 3; i++) {
        give(&given, 1, i * MINUTE, 100 * i);
        give(&given, 2, i * MINUTE + MINUTE / 2, 10);
    }
    expect(&given, true, (struct series_point[]){{60000, 100}, {90000, 110}, {120000, 210}, {150000, 210}, {180000, 310}, {210000, 310}},
           6);
    expect(&given, false, (struct series_point[]){{60000, 100}, {90000, 55}, {120000, 105}, {150000, 105}, {180000, 155}, {210000, 155}},
           6);
}

// A process that ended does not count beside its successor.
TEST(restart) {
    static struct given given;
    give(&given, 1, 1 * MINUTE, 500);
    give(&given, 1, 2 * MINUTE, 500);
    give(&given, 2, 3 * MINUTE, 20);
    give(&given, 2, 4 * MINUTE, 30);
    expect(&given, true, (struct series_point[]){{1 * MINUTE, 500}, {2 * MINUTE, 500}, {3 * MINUTE, 20}, {4 * MINUTE, 30}}, 4);
}

// A process with a single upload keeps its value as long as the others' uploads are apart.
TEST(single_upload) {
    static struct given given;
    give(&given, 1, 1 * MINUTE, 1);
    give(&given, 2, 1 * MINUTE + 1000, 5);
    give(&given, 1, 2 * MINUTE, 1);
    give(&given, 1, 3 * MINUTE, 1);
    expect(&given, true, (struct series_point[]){{60000, 1}, {61000, 6}, {120000, 6}, {180000, 1}}, 4);
}

// 5,000 uploads of five processes become 500 moments of equal distance, each with all five, with the mean of their uploads.
TEST(many) {
    static struct given given;
    struct series_point points[METRICS_MAX_POINTS];
    for (int i = 0; i < 1000; i++) {
        for (int process = 0; process < 5; process++) {
            give(&given, (uint64_t)process + 1, (int64_t)i * MINUTE + process * 1000, i);
        }
    }
    static const struct metrics none;
    struct moments *moments = moments_new(&given.list, &none, METRICS_MAX_POINTS);
    size_t count = moments_of_series(moments, &given.series, true, points);
    assert_int_equal(count, METRICS_MAX_POINTS);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || points[i].ms > points[i - 1].ms);
        double off = points[i].value - 5 * (double)points[i].ms / MINUTE;
        assert_true(off <= 0 && off > -8); // the mean of the uploads of up to two minutes, times five
    }
    assert_int_equal(points[count - 1].ms, 999LL * MINUTE + 4000);
    moments_free(moments);
}

TEST(none) {
    static struct given given;
    expect(&given, false, NULL, 0);
    moments_free(NULL);
}

// ---- Figures that are not of a process ----

enum { A = 1, B, C };

// Uploads of processes at one moment, with figures.
struct said {
    struct listed_upload uploads[16];
    struct upload_list list;
    struct metrics metrics;
    double values[4][16];
};

static void begin(struct said *said, const char *const *names) {
    *said = (struct said){.list.uploads = said->uploads};
    for (; *names; names++) {
        struct metrics_series *series = &said->metrics.series[said->metrics.count];
        snprintf(series->name, sizeof series->name, "%s", *names);
        series->values = said->values[said->metrics.count++];
    }
}

// values: of each figure; NAN: it has none.
static void say(struct said *said, uint64_t host, uint64_t process, int64_t end_ms, const double *values) {
    size_t upload = said->list.count++;
    said->uploads[upload] = (struct listed_upload){.end_ms = end_ms, .host = host, .process = process};
    for (size_t i = 0; i < said->metrics.count; i++) {
        said->values[i][upload] = values[i];
    }
}

// And once more a minute later: a process that has ended does not count any more.
static void say_twice(struct said *said, uint64_t host, uint64_t process, int64_t end_ms, const double *values) {
    say(said, host, process, end_ms, values);
    say(said, host, process, end_ms + MINUTE, values);
}

// The value of the newest moment.
static void expect_last(struct said *said, size_t figure, bool summed, double want) {
    struct series_point points[METRICS_MAX_POINTS];
    struct moments *moments = moments_new(&said->list, &said->metrics, METRICS_MAX_POINTS);
    size_t count = moments_of_series(moments, &said->metrics.series[figure], summed, points);
    assert_true(isnan(want) ? count == 0 : count > 0 && points[count - 1].value == want);
    moments_free(moments);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FIGURES(...) ((const double[]){__VA_ARGS__})

// Two processes share a cgroup, a third one on the same host has one of its own, and another host has one of the same number: three
// accounts, each once, as the newest upload of it says.
TEST(cgroups) {
    static struct said said;
    begin(&said, NAMES("memory_cgroup_id", "memory_cgroup_limit_bytes", "memory_cgroup_bytes", "memory_rss_bytes"));
    say(&said, 1, A, 1000, FIGURES(7, 1000, 500, 100));
    say(&said, 1, B, 1001, FIGURES(7, 1000, 520, 100));
    say(&said, 1, C, 1002, FIGURES(8, 4000, 300, 100));
    say(&said, 2, 9, 1003, FIGURES(7, 1000, 100, 100));
    say(&said, 1, A, 2000, FIGURES(7, 1000, 510, 100));
    say(&said, 1, B, 2001, FIGURES(7, 1000, 540, 100));
    say(&said, 1, C, 2002, FIGURES(8, 4000, 300, 100));
    say(&said, 2, 9, 2003, FIGURES(7, 1000, 100, 100));
    expect_last(&said, 1, true, 6000);
    expect_last(&said, 1, false, 2000);
    expect_last(&said, 2, true, 540 + 300 + 100);
    expect_last(&said, 3, true, 400); // of processes
    expect_last(&said, 3, false, 100);
}

// A process that does not tell which cgroup it is in: those of its host are one. A figure that one lacks comes from another.
TEST(cgroups_without_id) {
    static struct said said;
    begin(&said, NAMES("memory_cgroup_limit_bytes"));
    say_twice(&said, 1, A, 1000, FIGURES(1000));
    say_twice(&said, 1, B, 1001, FIGURES(1000));
    say_twice(&said, 1, C, 1002, FIGURES(NAN));
    say_twice(&said, 2, 9, 1003, FIGURES(50));
    expect_last(&said, 0, true, 1050);
    begin(&said, NAMES("memory_cgroup_limit_bytes"));
    say_twice(&said, 1, A, 1000, FIGURES(NAN));
    expect_last(&said, 0, true, NAN);
}

// 8 is retention, 1 a leak, 12 a plateau, 11 the page cache: the one that says most, with its own bytes.
TEST(codes) {
    static struct said said;
    for (int summed = 0; summed < 2; summed++) {
        begin(&said, NAMES("c_verdict", "c_verdict_bytes"));
        say_twice(&said, 1, A, 1000, FIGURES(12, 5000));
        expect_last(&said, 0, summed, 12);
        say_twice(&said, 1, B, 1001, FIGURES(8, 100));
        say_twice(&said, 1, C, 1002, FIGURES(0, 0));
        expect_last(&said, 0, summed, 8);
        expect_last(&said, 1, summed, 100);
        say_twice(&said, 2, 4, 1003, FIGURES(9, 300)); // as important, and about more
        expect_last(&said, 0, summed, 9);
        expect_last(&said, 1, summed, 300);
        say_twice(&said, 2, 5, 1004, FIGURES(1, 7));
        say_twice(&said, 2, 6, 1005, FIGURES(11, 1000));
        expect_last(&said, 0, summed, 1);
        expect_last(&said, 1, summed, 7);
    }
    // Of one process the newest, also where several of its uploads are one point.
    begin(&said, NAMES("c_verdict"));
    say(&said, 1, A, 1000, FIGURES(1));
    say(&said, 1, A, 2000, FIGURES(0));
    say(&said, 1, B, 2001, FIGURES(NAN));
    expect_last(&said, 0, false, 0);
}

TEST(flags) {
    static struct said said;
    begin(&said, NAMES("memory_incomplete"));
    say_twice(&said, 1, A, 1000, FIGURES(1));
    say_twice(&said, 1, B, 1001, FIGURES(0));
    say_twice(&said, 1, C, 1002, FIGURES(1));
    expect_last(&said, 0, true, 1);
    expect_last(&said, 0, false, 1);
}

TEST(kinds) {
    assert_int_equal(metrics_kind("memory_cgroup_bytes"), METRICS_OF_CONTAINER);
    assert_int_equal(metrics_kind("memory_cgroup_oom_kills"), METRICS_OF_CONTAINER);
    assert_int_equal(metrics_kind("memory_limit_used_bytes"), METRICS_OF_CONTAINER);
    assert_int_equal(metrics_kind("memory_cgroup_id"), METRICS_IDENTITY);
    assert_int_equal(metrics_kind("memory_rss_bytes"), METRICS_OF_PROCESS);
    assert_int_equal(metrics_kind("c_verdict"), METRICS_CODE);
    assert_int_equal(metrics_kind("c_verdict_bytes"), METRICS_OF_CODE);
    assert_int_equal(metrics_kind("go_gcs_per_sec"), METRICS_OF_PROCESS);
}

// In the answer, processes=sum adds up what two hosts have; the number of a cgroup is no series.
TEST_IN(store, written) {
    static const char json_of[2][60] = {"[[\"memory_cgroup_id\",5],[\"memory_rss_bytes\",100]]", "[[\"memory_rss_bytes\",20]]"};
    for (int minute = 0; minute < 2; minute++) {
        upload_bytes(*state, "a", minute, "metrics.json", json_of[0], strlen(json_of[0]));
        upload_bytes(*state, "b", minute, "metrics.json", json_of[1], strlen(json_of[1]));
    }
    struct upload_list list = list_of(*state, NULL);
    for (int summed = 0; summed < 2; summed++) {
        struct metrics *metrics;
        struct json json = {0};
        assert_int_equal(metrics_read(((struct test_store *)*state)->store, &list, &metrics), RECEIVER_OK);
        assert_int_equal(metrics_write(metrics, &list, summed, &json), RECEIVER_OK);
        expect_at(&json, "$.series[0].points",
                  summed ? "[[1767322860000,120],[1767322920000,120]]" : "[[1767322860000,60],[1767322920000,60]]");
        expect_at(&json, "$.series[1]", "(none)");
        json_free(&json);
        metrics_free(metrics);
    }
    upload_list_free(&list);
}

int main(void) {
    return tests_run();
}
