// metrics_moments_test.c: concurrent processes, restarts, figures that some uploads lack, and many uploads.
#include "../../test/uploads.h"

#include "../metrics_moments.h"

#include <math.h>

enum { MAX = 6000, MINUTE = 60000 };

struct given {
    struct listed_upload uploads[MAX];
    struct series_point points[MAX];
    size_t of[MAX];
    struct upload_list list;
    struct metrics_series series;
};

// value NAN: the upload lacks the figure.
static void give(struct given *given, uint64_t process, int64_t end_ms, double value) {
    size_t upload = given->list.count++;
    given->uploads[upload] = (struct listed_upload){.end_ms = end_ms, .process = process};
    given->list.uploads = given->uploads;
    given->series.points = given->points;
    given->series.uploads = given->of;
    if (!isnan(value)) {
        given->of[given->series.count] = upload;
        given->points[given->series.count++] = (struct series_point){end_ms, value};
    }
}

static void expect(struct given *given, bool summed, const struct series_point *want, size_t count) {
    struct series_point points[METRICS_MAX_POINTS];
    struct moments *moments = moments_new(&given->list);
    assert_non_null(moments);
    assert_int_equal(moments_of_series(moments, &given->series, summed, points), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(points[i].ms, want[i].ms);
        assert_true(points[i].value == want[i].value);
    }
    moments_free(moments);
}

// Of one process, each upload is a point; a figure that one of them lacks has a gap.
static void test_one_process(void **state) {
    (void)state;
    static struct given given;
    give(&given, 1, 1 * MINUTE, 10);
    give(&given, 1, 2 * MINUTE, NAN);
    give(&given, 1, 3 * MINUTE, 30);
    expect(&given, false, (struct series_point[]){{1 * MINUTE, 10}, {3 * MINUTE, 30}}, 2);
    expect(&given, true, (struct series_point[]){{1 * MINUTE, 10}, {3 * MINUTE, 30}}, 2);
}

// Two processes that send half a minute apart: from the second one's first upload on both have a value at each moment.
static void test_two_processes(void **state) {
    (void)state;
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
static void test_restart(void **state) {
    (void)state;
    static struct given given;
    give(&given, 1, 1 * MINUTE, 500);
    give(&given, 1, 2 * MINUTE, 500);
    give(&given, 2, 3 * MINUTE, 20);
    give(&given, 2, 4 * MINUTE, 30);
    expect(&given, true, (struct series_point[]){{1 * MINUTE, 500}, {2 * MINUTE, 500}, {3 * MINUTE, 20}, {4 * MINUTE, 30}}, 4);
}

// A process with a single upload keeps its value as long as the others' uploads are apart.
static void test_single_upload(void **state) {
    (void)state;
    static struct given given;
    give(&given, 1, 1 * MINUTE, 1);
    give(&given, 2, 1 * MINUTE + 1000, 5);
    give(&given, 1, 2 * MINUTE, 1);
    give(&given, 1, 3 * MINUTE, 1);
    expect(&given, true, (struct series_point[]){{60000, 1}, {61000, 6}, {120000, 6}, {180000, 1}}, 4);
}

// 5,000 uploads of five processes become 500 moments of equal distance, each with all five, with the mean of their uploads.
static void test_many(void **state) {
    (void)state;
    static struct given given;
    struct series_point points[METRICS_MAX_POINTS];
    for (int i = 0; i < 1000; i++) {
        for (int process = 0; process < 5; process++) {
            give(&given, (uint64_t)process + 1, (int64_t)i * MINUTE + process * 1000, i);
        }
    }
    struct moments *moments = moments_new(&given.list);
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

static void test_none(void **state) {
    (void)state;
    static struct given given;
    expect(&given, false, NULL, 0);
    moments_free(NULL);
}

// In the answer, processes=sum adds up what two hosts have.
static void test_written(void **state) {
    static const char json_of[2][40] = {"[[\"memory_rss_bytes\",100]]", "[[\"memory_rss_bytes\",20]]"};
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
        json_free(&json);
        metrics_free(metrics);
    }
    upload_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_process),
                                       cmocka_unit_test(test_two_processes),
                                       cmocka_unit_test(test_restart),
                                       cmocka_unit_test(test_single_upload),
                                       cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_none),
                                       cmocka_unit_test_setup_teardown(test_written, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
