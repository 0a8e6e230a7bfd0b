// gauges_test.c: which uploads a gauge's value is taken from, by hand-made minutes of several processes.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../gauges.h"

static int64_t put(struct test_store *test, const char *host, int minute, int64_t go) {
    return upload_blob(test, host, minute, "heap.pprof", heap_blob(go, 0));
}

static void expect_picked(struct test_store *test, struct gauges gauges, const int64_t *ids, size_t count) {
    struct upload_list list = list_of(test, "heap.pprof"), picked;
    struct gauges_source source = {test->store, &list, "heap.pprof", NULL};
    assert_int_equal(gauges_pick(&source, gauges, "inuse_space", &picked), RECEIVER_OK);
    assert_int_equal(picked.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(picked.uploads[i].id, ids[i]);
    }
    gauges_source_free(&source);
    upload_list_free(&picked);
    upload_list_free(&list);
}
#define EXPECT_PICKED(test, value, summed, ...)                                                                                            \
    expect_picked(test, (struct gauges){value, summed}, VALUES(__VA_ARGS__), sizeof VALUES(__VA_ARGS__) / sizeof(int64_t))

static void expect_at_once(struct test_store *test, double expected) {
    struct upload_list list = list_of(test, "heap.pprof");
    double at_once = gauges_at_once(&list);
    assert_true(at_once > expected - 0.001 && at_once < expected + 0.001);
    upload_list_free(&list);
}

TEST_IN(store, one_process) {
    struct test_store *test = *state;
    int64_t first = put(test, "a", 0, 10), largest = put(test, "a", 1, 90), last = put(test, "a", 2, 50);
    EXPECT_PICKED(test, GAUGES_MEAN, false, first, largest, last);
    EXPECT_PICKED(test, GAUGES_LAST, false, last);
    EXPECT_PICKED(test, GAUGES_LAST, true, last);
    EXPECT_PICKED(test, GAUGES_MAX, false, largest);
    EXPECT_PICKED(test, GAUGES_MAX, true, largest);
    expect_at_once(test, 1);
}

// b replaces a: there are never two at a time.
TEST_IN(store, one_after_the_other) {
    struct test_store *test = *state;
    put(test, "a", 0, 10);
    put(test, "a", 1, 20);
    int64_t last = put(test, "b", 2, 15);
    put(test, "b", 3, 5);
    EXPECT_PICKED(test, GAUGES_MAX, true, last - 1);
    int64_t newest = put(test, "b", 4, 1);
    EXPECT_PICKED(test, GAUGES_LAST, true, newest);
    expect_at_once(test, 1);
}

// Three at a time, one of which ends; the maximum of one process is not at the moment of the largest sum.
TEST_IN(store, together) {
    struct test_store *test = *state;
    int64_t ids[3][3] = {{0}};
    static const int64_t values[3][3] = {{10, 10, 100}, {40, 40, 70}, {1, 2, 0}};
    for (int minute = 0; minute < 3; minute++) {
        for (int process = 0; process < 3; process++) {
            char name[2] = {(char)('a' + process), 0};
            if (values[minute][process] > 0) {
                ids[minute][process] = put(test, name, minute, values[minute][process]);
            }
        }
    }
    EXPECT_PICKED(test, GAUGES_MAX, false, ids[0][2]);
    EXPECT_PICKED(test, GAUGES_MAX, true, ids[1][0], ids[1][1], ids[1][2]);
    EXPECT_PICKED(test, GAUGES_LAST, false, ids[2][0], ids[2][1]);
    EXPECT_PICKED(test, GAUGES_LAST, true, ids[2][0], ids[2][1]);
    expect_at_once(test, 8.0 / 3);
}

static int64_t put_span(struct test_store *test, int process, int start_s, int length_s, int64_t go) {
    char host[16];
    struct blob blob = heap_blob(go, 0);
    snprintf(host, sizeof host, "h%d", process);
    int64_t id = upload_span(test, host, start_s, length_s, "heap.pprof", blob.bytes, blob.size);
    free(blob.bytes);
    return id;
}

// Ten processes, each with a CPU profile of 10 s per minute, 6 s after the one before: by the events alone there are two at a time.
TEST_IN(store, events_shorter_than_the_period) {
    struct test_store *test = *state;
    int64_t ids[5][10];
    for (int minute = 0; minute < 5; minute++) {
        for (int process = 0; process < 10; process++) {
            ids[minute][process] = put_span(test, process, 60 * minute + 6 * process, 10, minute == 2 ? 20 : 10);
        }
    }
    expect_at_once(test, 10 * 300.0 / (300 + 9 * 6));
    int64_t *last = ids[4], *highest = ids[2];
    EXPECT_PICKED(test, GAUGES_LAST, false, last[0], last[1], last[2], last[3], last[4], last[5], last[6], last[7], last[8], last[9]);
    EXPECT_PICKED(test, GAUGES_LAST, true, last[0], last[1], last[2], last[3], last[4], last[5], last[6], last[7], last[8], last[9]);
    EXPECT_PICKED(test, GAUGES_MAX, true, highest[0], highest[1], highest[2], highest[3], highest[4], highest[5], highest[6], highest[7],
                  highest[8], highest[9]);
}

// One with a longer period, and one with a single upload, are current between their uploads; one that ended is not.
TEST_IN(store, other_periods) {
    struct test_store *test = *state;
    int64_t slow = 0, last = 0;
    for (int i = 0; i < 3; i++) {
        slow = put_span(test, 0, 240 * i, 10, 10); // 0 to 720 s
    }
    put_span(test, 1, 0, 10, 10);
    put_span(test, 1, 60, 10, 10); // to 120 s
    for (int i = 0; i < 11; i++) {
        last = put_span(test, 2, 60 * i + 30, 10, 10); // 30 to 690 s
    }
    EXPECT_PICKED(test, GAUGES_LAST, true, slow, last);
    expect_at_once(test, (720 + 120 + 660) / 720.0);
    int64_t young = put_span(test, 3, 625, 10, 10); // to 685 s
    EXPECT_PICKED(test, GAUGES_LAST, true, slow, young, last);
    expect_at_once(test, (720 + 120 + 660 + 60) / 720.0);
}

// Imported files have one time; a process that stops within a period is not counted beside its successor.
TEST_IN(store, imported_and_stopped) {
    struct test_store *test = *state;
    for (int i = 0; i < 3; i++) {
        put_span(test, 0, 60 * i, 0, 10);
        put_span(test, 1, 60 * i + 20, 0, 10);
    }
    EXPECT_PICKED(test, GAUGES_LAST, true, 5, 6);
    expect_at_once(test, 360.0 / 200);
    put_span(test, 2, 3600, 60, 10);
    put_span(test, 2, 3660, 60, 10);
    put_span(test, 2, 3720, 15, 10);
    EXPECT_PICKED(test, GAUGES_LAST, true, put_span(test, 3, 3736, 60, 10));
}

// A client of another version has another type: its newest profiles tell nothing of this one.
TEST_IN(store, newest_lack_the_type) {
    struct test_store *test = *state;
    int64_t a = put(test, "a", 0, 10), b = put(test, "b", 0, 20);
    for (int minute = 1; minute < 3; minute++) {
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "alloc_space", "bytes");
        add_stack(profile, FRAMES("main.a /a.go"), VALUES(1), false);
        upload_blob(test, "a", minute, "heap.pprof", finish(profile));
    }
    EXPECT_PICKED(test, GAUGES_LAST, false, a, b);
    EXPECT_PICKED(test, GAUGES_LAST, true, a, b);
    b = put(test, "b", 1, 30); // a says nothing at that time
    EXPECT_PICKED(test, GAUGES_LAST, true, b);
    a = put(test, "a", 3, 5);
    EXPECT_PICKED(test, GAUGES_LAST, true, a);
    upload_bytes(test, "a", 4, "heap.pprof", "garbage", 7); // which must be reported
    EXPECT_PICKED(test, GAUGES_LAST, true, a + 1);
}

// What cannot be read, or lacks the type, is no maximum.
TEST_IN(store, unreadable) {
    struct test_store *test = *state;
    int64_t only = put(test, "a", 0, 10);
    upload_bytes(test, "a", 1, "heap.pprof", "garbage", 7);
    EXPECT_PICKED(test, GAUGES_MAX, false, only);
    EXPECT_PICKED(test, GAUGES_MAX, true, only);
}

TEST_IN(store, nothing) {
    struct test_store *test = *state;
    struct upload_list list = list_of(test, "heap.pprof"), picked;
    for (int value = GAUGES_MEAN; value <= GAUGES_MAX; value++) {
        struct gauges_source source = {test->store, &list, "heap.pprof", NULL};
        assert_int_equal(gauges_pick(&source, (struct gauges){(enum gauges_value)value, true}, "inuse_space", &picked), RECEIVER_OK);
        gauges_source_free(&source);
        assert_int_equal(picked.count, 0);
        upload_list_free(&picked);
    }
    expect_at_once(test, 1);
    upload_list_free(&list);
}

int main(void) {
    return tests_run();
}
