// metrics_test.c: pairs of metrics.json as series, refused files, and units.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../metrics.h"

static int64_t put(struct test_store *test, int minute, const char *json) {
    return upload_bytes(test, "a", minute, "metrics.json", json, strlen(json));
}

static struct metrics *read_all(struct test_store *test) {
    struct upload_list list = list_of(test, NULL);
    struct metrics *metrics = NULL;
    assert_int_equal(metrics_read(test->store, &list, &metrics), RECEIVER_OK);
    upload_list_free(&list);
    return metrics;
}

TEST_IN(store, pairs) {
    put(*state, 0, "[[\"go_gcs_per_sec\",4],[\"x_bytes\",1.5e3],[\"text\",\"no\"],[7,7],\"odd\",[]]");
    put(*state, 1, "[[\"go_gcs_per_sec\",5],[\"c_live_bytes\",77]]");
    struct metrics *metrics = read_all(*state);
    assert_true(metrics_find(metrics, "x_bytes")->points[0].value == 1500);
    assert_null(metrics_find(metrics, "text"));
    assert_null(metrics_find(metrics, "c_live_bytes")); // the receiver has its own
    struct json json = {0};
    struct upload_list list = list_of(*state, NULL);
    assert_int_equal(metrics_write(metrics, &list, false, &json), RECEIVER_OK);
    upload_list_free(&list);
    expect_at(&json, "$.series[0]", "{\"name\":\"go_gcs_per_sec\",\"unit\":\"1/s\",\"points\":[[1767322860000,4],[1767322920000,5]]}");
    json_free(&json);
    metrics_free(metrics);
    metrics_free(NULL);
}

static bool has_reason(const struct sweep_report *report, int64_t id, const char *reason) {
    for (size_t i = 0; i < report->reasons; i++) {
        if (report->failed[i].id == id && strstr(report->failed[i].reason, reason)) {
            return true;
        }
    }
    return false;
}

TEST_IN(store, refused) {
    const char *const bad[] = {"", "x", "[[\"a\",1]", "[[\"a\",NaN]]", "{", "\x1f\x8b\x08"};
    enum { BAD = sizeof bad / sizeof *bad };
    for (int i = 0; i < BAD; i++) {
        put(*state, i, bad[i]);
    }
    // More names than anyone sends: the first ones are kept.
    char *many = NULL;
    size_t size;
    FILE *out = open_memstream(&many, &size);
    for (int i = 0; i < 1000; i++) {
        fprintf(out, "%c[\"name%d\",%d]", i ? ',' : '[', i, i);
    }
    fprintf(out, "]");
    fclose(out);
    put(*state, BAD, many);
    free(many);
    // More values than anyone sends: kept up to the limit.
    out = open_memstream(&many, &size);
    fprintf(out, "[[\"name0\",0]");
    for (int i = 0; i < 1024; i++) {
        fprintf(out, ",[\"name0\",%d]", i);
    }
    fprintf(out, "]");
    fclose(out);
    int64_t too_many = put(*state, BAD + 1, many);
    free(many);
    struct metrics *metrics = read_all(*state);
    assert_int_equal(metrics->report.failed_count, BAD + 1);
    assert_true(has_reason(&metrics->report, 1, "not an array of names and numbers"));
    assert_true(has_reason(&metrics->report, BAD, "metrics.json: "));
    assert_true(has_reason(&metrics->report, too_many, "more than 1024 values"));
    assert_int_equal(metrics->count, METRICS_MAX_SERIES);
    assert_int_equal(metrics_find(metrics, "name0")->count, 1025);
    metrics_free(metrics);
}

TEST(units) {
    static const char *const units[][2] = {{"go_alloc_bytes_per_sec", "bytes/s"},
                                           {"go_gcs_per_sec", "1/s"},
                                           {"go_gc_pause_time", "ratio"},
                                           {"go_max_gc_pause_time", "nanoseconds"},
                                           {"go_num_goroutine", "count"},
                                           {"c_allocator_resident_bytes", "bytes"},
                                           {"memory_threads", "count"},
                                           {"memory_cgroup_oom_kills", "count"},
                                           {"memory_cgroup_max_events", "count"},
                                           {"cpu_cores", "cores"},
                                           {"cpu_c_cores", "cores"},
                                           {"something", ""}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        assert_string_equal(metrics_unit(units[i][0]), units[i][1]);
    }
}

int main(void) {
    return tests_run();
}
