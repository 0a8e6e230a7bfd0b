// metrics_test.c: pairs of metrics.json as series, refused files, and units.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../metrics.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

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
    assert_true(metrics_find(metrics, "x_bytes")->values[0] == 1500 && isnan(metrics_find(metrics, "x_bytes")->values[1]));
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
    assert_int_equal(metrics_find(metrics, "name0")->count, 2);
    assert_true(metrics_find(metrics, "name0")->values[BAD + 1] == 1022); // the last one that was read
    metrics_free(metrics);
}

// ---- Kept figures and files ----

// Hosts with a figure or two more or less in each upload, restarts, and files that are malformed or missing.
static void put_many(struct test_store *test) {
    static const char *const odd[] = {"[[\"go_gcs_per_sec\",1", "", "[]",
                                      "[[\"c_verdict\",3],[\"c_verdict_bytes\",1e9],[\"c_verdict\",4]]"};
    for (int minute = 0; minute < 40; minute++) {
        for (int host = 0; host < 3; host++) {
            char name[20], json[400];
            snprintf(name, sizeof name, "%c%d", 'a' + host, host == 1 ? minute / 7 : 0);
            snprintf(json, sizeof json,
                     "[[\"go_gcs_per_sec\",%d.%d],[\"memory_cgroup_id\",%d],[\"memory_cgroup_bytes\",%d],[\"x_%d\",%d],[\"memory_"
                     "incomplete\",%d]]",
                     minute, host, host, 1000 * minute + host, minute % 4, minute * host, minute == 9);
            bool is_odd = minute % 11 == 5;
            const char *content = is_odd ? odd[(minute / 11 + host) % 4] : json;
            upload_span(test, name, 60 * minute + 7 * host, 60, minute % 13 == 12 ? "other" : "metrics.json", content, strlen(content));
        }
    }
}

static char *answer(struct test_store *test, bool summed) {
    struct upload_list list = list_of(test, NULL);
    struct metrics *metrics;
    struct json json = {0};
    assert_int_equal(metrics_read(test->store, &list, &metrics), RECEIVER_OK);
    assert_int_equal(metrics_write(metrics, &list, summed, &json), RECEIVER_OK);
    char *text = strndup(json.bytes, json.size);
    json_free(&json);
    metrics_free(metrics);
    upload_list_free(&list);
    return text;
}

static void expect_answers(struct test_store *test, char *const answers[2]) {
    for (int summed = 0; summed < 2; summed++) {
        char *text = answer(test, summed);
        assert_string_equal(text, answers[summed]);
        free(text);
    }
}

static void path_of(const struct test_store *test, const char *name, char path[FOLDER_BYTES + 80]) {
    snprintf(path, FOLDER_BYTES + 80, "%s/%s", test->directory, name);
}

static void wait_kept(struct test_store *test) {
    WAIT_UNTIL(catalog_unfigured(store_catalog(test->store)) == 0);
    assert_int_equal(catalog_unfigured(store_catalog(test->store)), 0);
}

TEST_IN(store, kept_or_from_files) {
    struct test_store *test = *state;
    char path[FOLDER_BYTES + 80], name[60], *answers[2];
    put_many(test);
    wait_kept(test);
    answers[0] = answer(test, false);
    answers[1] = answer(test, true);
    assert_non_null(strstr(answers[0], "\"reason\":\"not an array of names and numbers\""));
    assert_non_null(strstr(answers[0], "\"c_verdict\""));
    // No database can be made: all is read from the files.
    store_close(test->store);
    test->store = NULL;
    path_of(test, "figures.sqlite", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    reopen(test, 0);
    expect_answers(test, answers);
    WAIT_UNTIL(catalog_unfigured(store_catalog(test->store)) > 0); // maintenance has looked: until then the snapshot's word holds
    assert_true(catalog_unfigured(store_catalog(test->store)) > 0);
    // It is made again from the files, which are not read then.
    assert_int_equal(rmdir(path), 0);
    reopen(test, 0);
    wait_kept(test);
    for (int id = 1; id <= 120; id++) {
        snprintf(name, sizeof name, "uploads/%d/0-metrics.json", id);
        path_of(test, name, path);
        unlink(path);
    }
    expect_answers(test, answers);
    reopen(test, 0);
    wait_kept(test);
    expect_answers(test, answers);
    free(answers[0]);
    free(answers[1]);
}

// Of an upload that took another's number, nothing is kept.
TEST_IN(store, another_upload_of_that_number) {
    struct test_store *test = *state;
    put(test, 3, "[[\"x_bytes\",1]]");
    wait_kept(test);
    struct upload_list list = list_of(test, NULL);
    struct metrics *metrics;
    char path[FOLDER_BYTES + 80];
    path_of(test, "uploads/1/0-metrics.json", path);
    FILE *file = fopen(path, "w");
    fputs("[[\"x_bytes\",2]]", file);
    fclose(file);
    list.uploads[0].end_ms++;
    assert_int_equal(metrics_read(test->store, &list, &metrics), RECEIVER_OK);
    assert_true(metrics_find(metrics, "x_bytes")->values[0] == 2);
    assert_true(metrics_make_points(metrics, &list));
    assert_int_equal(metrics_find(metrics, "x_bytes")->points[0].ms, list.uploads[0].end_ms);
    metrics_free(metrics);
    upload_list_free(&list);
}

// What is left out since it is not kept yet will be in a later answer.
TEST_IN(store, passing) {
    enum { UPLOADS = METRICS_MAX_FILES + 1 };
    struct test_store *test = *state;
    struct upload_list list = {.uploads = calloc(UPLOADS, sizeof *list.uploads)};
    assert_non_null(list.uploads);
    for (; list.count < UPLOADS; list.count++) {
        list.uploads[list.count] = (struct listed_upload){.id = 100 + (int64_t)list.count};
    }
    for (; list.count >= METRICS_MAX_FILES; list.count--) {
        struct metrics *metrics;
        bool all = list.count == METRICS_MAX_FILES;
        assert_int_equal(metrics_read(test->store, &list, &metrics), RECEIVER_OK);
        assert_int_equal(metrics->report.left_out, all ? 0 : 1);
        assert_true(metrics->report.is_passing == !all);
        metrics_free(metrics);
    }
    upload_list_free(&list);
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
