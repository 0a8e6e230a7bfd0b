// metrics_labels_test.c: all attachments of a selection by a label, and the keys that labels have.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../metrics_labels.h"

#include <math.h>

static struct blob cpu(const char *endpoint, int64_t seconds) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    const struct profile_label labels[] = {{"endpoint", endpoint, 0, ""}, {"end_timestamp_ns", NULL, 1767322860000000000, ""}};
    add_labelled(profile, FRAMES("main.work /w.go"), VALUES(seconds * 1000000000), labels, 2);
    return finish(profile);
}

static struct blob goroutines(const char *endpoint, int64_t count) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "goroutine", "count");
    const struct profile_label label = {"endpoint", endpoint, 0, ""};
    add_labelled(profile, FRAMES("main.wait /w.go"), VALUES(count), &label, 1);
    return finish(profile);
}

static void put(struct test_store *test, int minute, struct blob one, struct blob two) {
    const struct named_bytes files[] = {
        {"cpu.pprof", one.bytes, one.size}, {"goroutines.pprof", two.bytes, two.size}, {"metrics.json", "[]", 2}};
    upload_files(test, "a", 60 * minute, 60, files, 3);
    free(one.bytes);
    free(two.bytes);
}

static struct json answer(struct test_store *test, const char *key) {
    struct json json = {0};
    struct selection selection;
    selection_init(&selection);
    struct upload_list list = list_of(test, NULL);
    for (size_t i = 0; i < list.count; i++) { // which the receiver has computed by then
        list.uploads[i].measures.values[MEASURE_CPU_CORES] = list.uploads[i].measures.values[MEASURE_GOROUTINES] = 1;
    }
    if (list.count > 6) { // whose CPU profile is none
        list.uploads[6].measures.values[MEASURE_CPU_CORES] = NAN;
    }
    enum receiver_error error = key ? metrics_write_labels(test->store, &selection, &list, key, false, &json)
                                    : metrics_write_label_keys(test->store, &selection, &list, &json);
    assert_int_equal(error, RECEIVER_OK);
    upload_list_free(&list);
    selection_free(&selection);
    return json;
}

TEST_IN(store, all_attachments) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 6; minute++) {
        put(test, minute, cpu(minute < 3 ? "/cart" : "/item", 30), goroutines("/cart", 7));
    }
    struct blob no_profile = {(uint8_t *)strdup("no profile"), 10};
    put(test, 6, no_profile, goroutines("/cart", 7));
    struct json json = answer(test, "endpoint");
    expect_at(&json, "$.uploads", "7");
    expect_at(&json, "$.failed_count", "1");
    expect_at(&json, "$.series[0].name", "cpu_cores");
    expect_at(&json, "$.series[0].groups[0].value", "/cart");
    expect_at(&json, "$.series[0].groups[0].points[2]", "[1767322980000,0.5]");
    expect_at(&json, "$.series[0].groups[0].points[3]", "[1767323040000,0]");
    expect_at(&json, "$.series[0].groups[1].points[3]", "[1767323040000,0.5]");
    expect_at(&json, "$.series[0].points[6]", "(none)");
    expect_at(&json, "$.series[1].name", "goroutines");
    expect_at(&json, "$.series[1].groups[0].points[5]", "[1767323160000,7]");
    expect_at(&json, "$.series[1].groups[1]", "(none)");
    json_free(&json);
    json = answer(test, "nobody");
    expect_at(&json, "$.series", "[]");
    expect_at(&json, "$.without", "[\"cpu_cores\",\"goroutines\"]");
    json_free(&json);
}

// Not what tells each sample from the others.
TEST_IN(store, keys) {
    struct test_store *test = *state;
    put(test, 0, cpu("/cart", 30), goroutines("/cart", 7));
    struct json json = answer(test, NULL);
    expect_at(&json, "$", "{\"uploads_looked_at\":1,\"failed_count\":0,\"keys\":[\"endpoint\"]}");
    json_free(&json);
}

int main(void) {
    return tests_run();
}
