// labels_test.c: labels are counted and weighed, numbers too; keys and values are bounded; two counts add up.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../labels.h"

static struct json written(const struct labels *labels) {
    struct json json = {0};
    json_object_begin(&json);
    labels_write(labels, 1, &json);
    json_object_end(&json);
    return json;
}

static struct profile *profile_with(const char *thread, int64_t goroutine, int64_t value) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "samples", "count");
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    struct profile_label labels[] = {{"thread", thread, 0, ""}, {"goid", NULL, goroutine, "id"}};
    profile_add_sample(profile, NULL, 0, VALUES(1, value), labels, 2);
    return profile;
}

static void add(struct labels *labels, struct profile *profile) {
    assert_true(labels_add_profile(labels, profile));
    profile_free(profile);
}

TEST(counts) {
    struct labels *one = labels_new("cpu"), *two = labels_new("cpu");
    add(one, profile_with("main", 7, 100));
    add(one, profile_with("worker", 8, 500));
    add(two, profile_with("main", 8, 30));
    assert_true(labels_add_labels(one, two));
    struct json json = written(one);
    expect_at(&json, "$",
              "{\"type\":\"cpu\",\"unit\":\"nanoseconds\",\"total\":630,\"labels\":["
              "{\"key\":\"goid\",\"unique\":false,\"values\":[{\"value\":\"8\",\"unit\":\"id\",\"count\":2,\"weight\":530},"
              "{\"value\":\"7\",\"unit\":\"id\",\"count\":1,\"weight\":100}],\"values_left_out\":0},"
              "{\"key\":\"thread\",\"unique\":false,\"values\":[{\"value\":\"worker\",\"unit\":\"\",\"count\":1,\"weight\":500},"
              "{\"value\":\"main\",\"unit\":\"\",\"count\":2,\"weight\":130}],\"values_left_out\":0}],\"keys_left_out\":0}");
    json_free(&json);
    json_object_begin(&json);
    labels_write(one, 2, &json); // of a gauge, means
    json_object_end(&json);
    expect_at(&json, "$.total", "315");
    expect_at(&json, "$.labels[1].values[1].weight", "65");
    json_free(&json);
    labels_free(one);
    labels_free(two);
}

TEST(bounds) {
    struct labels *labels = labels_new("cpu");
    struct profile *profile = profile_new();
    char key[300], value[400];
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    for (int i = 0; i < 3000; i++) {
        struct profile_label label = {"span", NULL, 1000 + i, ""};
        profile_add_sample(profile, NULL, 0, VALUES(1), &label, 1);
    }
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct profile_label longest = {"long", value, 0, ""};
    profile_add_sample(profile, NULL, 0, VALUES(1), &longest, 1);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "key%d", i);
        struct profile_label label = {key, "v", 0, ""};
        profile_add_sample(profile, NULL, 0, VALUES(1), &label, 1);
    }
    add(labels, profile);
    struct json json = written(labels);
    expect_at(&json, "$.keys_left_out", "38"); // 102 keys, 64 are kept
    expect_at(&json, "$.labels[63].key", "span");
    expect_at(&json, "$.labels[63].values[99].count", "1");
    expect_at(&json, "$.labels[63].values[100]", "(none)");
    expect_at(&json, "$.labels[63].values_left_out", "2900");
    expect_at(&json, "$.labels[62].key", "long");
    expect_at(&json, "$.labels[62].values_left_out", "1");
    expect_at(&json, "$.total", "3101");
    json_free(&json);
    labels_free(labels);
    labels_free(NULL);
}

// The requested one, also if a profile lacks it.
TEST(type) {
    struct labels *labels = labels_new("samples"), *none = labels_new("wall");
    struct profile *other = profile_new();
    add(labels, profile_with("main", 7, 100));
    profile_add_sample_type(other, "wall", "nanoseconds");
    struct profile_label label = {"thread", "main", 0, ""};
    profile_add_sample(other, NULL, 0, VALUES(77), &label, 1);
    assert_true(labels_add_profile(labels, other));
    struct json json = written(labels);
    expect_at(&json, "$.type", "samples");
    expect_at(&json, "$.unit", "count");
    expect_at(&json, "$.total", "1");
    expect_at(&json, "$.labels[1].values[0].count", "2");
    expect_at(&json, "$.labels[1].values[0].weight", "1");
    json_free(&json);
    assert_int_equal(labels_profiles(none), 0);
    add(none, profile_with("main", 7, 100));
    assert_int_equal(labels_profiles(none), 0);
    assert_true(labels_add_profile(none, other));
    assert_int_equal(labels_profiles(none), 1);
    profile_free(other);
    labels_free(labels);
    labels_free(none);
}

// Keys nobody filters by: timestamps and span ids. A thread's id has many samples.
TEST(unique_keys_come_last) {
    struct labels *labels = labels_new("cpu");
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    for (int i = 0; i < 2000; i++) {
        struct profile_label three[] = {{"end_timestamp_ns", NULL, 5000 + i, "ns"}, {"thread id", NULL, i % 40, ""}, {"zone", "eu", 0, ""}};
        profile_add_sample(profile, NULL, 0, VALUES(1), three, 3);
    }
    add(labels, profile);
    struct json json = written(labels);
    expect_at(&json, "$.labels[0].key", "thread id");
    expect_at(&json, "$.labels[0].unique", "0");
    expect_at(&json, "$.labels[1].key", "zone");
    expect_at(&json, "$.labels[2].key", "end_timestamp_ns");
    expect_at(&json, "$.labels[2].unique", "1");
    json_free(&json);
    labels_free(labels);
}

// Number or text, with its unit; neither means an empty text, so the last two are one sample's.
TEST(forms_of_values) {
    struct labels *labels = labels_new("cpu");
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    const struct profile_label all[] = {
        {"a", NULL, 8, "bytes"}, {"a", NULL, 8, ""}, {"a", NULL, 0, "bytes"}, {"a", NULL, 0, ""}, {"a", "", 0, ""}};
    for (int i = 0; i < 5; i++) {
        profile_add_sample(profile, NULL, 0, VALUES(100 - i), &all[i], 1);
    }
    add(labels, profile);
    struct json json = written(labels);
    expect_at(&json, "$.labels[0].values",
              "[{\"value\":\"\",\"unit\":\"\",\"count\":1,\"weight\":193},{\"value\":\"8\",\"unit\":\"bytes\",\"count\":1,\"weight\":100},"
              "{\"value\":\"8\",\"unit\":\"\",\"count\":1,\"weight\":99},{\"value\":\"0\",\"unit\":\"bytes\",\"count\":1,\"weight\":98}]");
    json_free(&json);
    labels_free(labels);
}

TEST(empty) {
    struct labels *labels = labels_new("cpu");
    add(labels, profile_new());
    struct json json = written(labels);
    expect_at(&json, "$", "{\"type\":null,\"unit\":null,\"total\":0,\"labels\":[],\"keys_left_out\":0}");
    json_free(&json);
    labels_free(labels);
}

int main(void) {
    return tests_run();
}
