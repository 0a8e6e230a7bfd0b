// upload_types_test.c: the attachments of a selection, and the sums of their types.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../upload_types.h"

TEST_IN(store, attachments) {
    struct test_store *test = *state;
    struct selection selection;
    struct json json = {0};
    upload_bytes(test, "one", 1, "b.pprof", "x", 1);
    upload_bytes(test, "one", 2, "b.pprof", "x", 1);
    upload_bytes(test, "one", 3, "a.json", "x", 1);
    selection_init(&selection);
    json_object_begin(&json);
    assert_int_equal(upload_types_write_attachments(store_catalog(test->store), &selection, &json), RECEIVER_OK);
    json_object_end(&json);
    expect_at(&json, "$.attachments",
              "[{\"name\":\"b.pprof\",\"uploads\":2,\"pprof\":true,\"recording\":false},{\"name\":\"a.json\",\"uploads\":1,\"pprof\":false,"
              "\"recording\":false}]");
    json_free(&json);
    selection_free(&selection);
}

TEST_IN(store, types) {
    struct test_store *test = *state;
    struct json json = {0};
    for (int i = 0; i < 7; i++) {
        upload_blob(test, "one", i, "delta-heap.pprof", heap_blob(100, 10));
    }
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "goroutine", "count");
    add_stack(profile, FRAMES("f /f.go"), VALUES(3), false);
    upload_blob(test, "one", 8, "delta-heap.pprof", finish(profile));
    profile = profile_new();
    profile_add_sample_type(profile, "goroutine", "count");
    add_stack(profile, FRAMES("f /f.go"), VALUES(4), false);
    upload_blob(test, "one", 10, "delta-heap.pprof", finish(profile));
    upload_bytes(test, "one", 9, "delta-heap.pprof", "broken", 6);
    struct upload_list list = list_of(test, "delta-heap.pprof");
    bool is_passing;
    json_object_begin(&json);
    assert_int_equal(upload_types_write(test->store, &list, "delta-heap.pprof", (struct gauges){GAUGES_MEAN, false}, &is_passing, &json),
                     RECEIVER_OK);
    json_object_end(&json);
    expect_at(&json, "$.uploads", "9");
    expect_at(&json, "$.failed_count", "1");
    expect_at(&json, "$.seconds", "540");
    expect_at(&json, "$.samples", "16");
    expect_at(&json, "$.c_samples", "7");
    expect_at(&json, "$.types[3]",
              "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":110,\"c_total\":10,\"gauge\":true,\"uploads\":7}");
    expect_at(&json, "$.types[4]", "{\"type\":\"goroutine\",\"unit\":\"count\",\"total\":3.5,\"c_total\":0,\"gauge\":true,\"uploads\":2}");
    json_free(&json);
    upload_list_free(&list);
}

// As in the tree: a service with an old client beside a new one.
TEST_IN(store, units) {
    struct test_store *test = *state;
    struct json json = {0};
    static const struct {
        const char *unit;
        int64_t value;
    } cases[] = {{"milliseconds", 5}, {"nanoseconds", 7000000}, {"milliseconds", 1}, {"events", 3}};
    for (int i = 0; i < 4; i++) {
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "cpu", cases[i].unit);
        add_stack(profile, FRAMES("f /f.go"), &cases[i].value, i == 2);
        upload_blob(test, "one", i, "cpu.pprof", finish(profile));
    }
    struct upload_list list = list_of(test, "cpu.pprof");
    bool is_passing;
    json_object_begin(&json);
    assert_int_equal(upload_types_write(test->store, &list, "cpu.pprof", (struct gauges){GAUGES_MEAN, false}, &is_passing, &json),
                     RECEIVER_OK);
    json_object_end(&json);
    expect_at(&json, "$.types",
              "[{\"type\":\"cpu\",\"unit\":\"nanoseconds\",\"total\":13000000,\"c_total\":1000000,\"gauge\":false,\"uploads\":3},"
              "{\"type\":\"cpu\",\"unit\":\"events\",\"total\":3,\"c_total\":0,\"gauge\":false,\"uploads\":1}]");
    json_free(&json);
    upload_list_free(&list);
}

// Amounts are of all, gauges of the moment.
TEST_IN(store, moments) {
    struct test_store *test = *state;
    static const struct {
        struct gauges gauges;
        double in_use;
    } cases[] = {{{GAUGES_MEAN, false}, 310.0 / 6}, {{GAUGES_MEAN, true}, 310.0 / 3}, {{GAUGES_LAST, false}, 35},
                 {{GAUGES_LAST, true}, 70},         {{GAUGES_MAX, false}, 110},       {{GAUGES_MAX, true}, 120}};
    static const int64_t one[] = {100, 60, 10}, two[] = {10, 60, 60};
    for (int i = 0; i < 3; i++) {
        upload_blob(test, "one", i, "heap.pprof", heap_blob(one[i], i == 0 ? 10 : 0));
        upload_blob(test, "two", i, "heap.pprof", heap_blob(two[i], 0));
    }
    struct upload_list list = list_of(test, "heap.pprof");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json json = {0};
        bool is_passing;
        json_object_begin(&json);
        assert_int_equal(upload_types_write(test->store, &list, "heap.pprof", cases[i].gauges, &is_passing, &json), RECEIVER_OK);
        json_object_end(&json);
        expect_at(&json, "$.types[1].total", "620");
        expect_number_at(&json, "$.types[3].total", cases[i].in_use, 1e-6);
        json_free(&json);
    }
    upload_list_free(&list);
}

int main(void) {
    return tests_run();
}
