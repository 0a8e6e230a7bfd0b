// sent_profile_test.c: profiles as Pyroscope takes them: keys of labels that are names of labels, and no ids.

#include "../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../pyroscope.h"

static struct profile *with_labels(const struct profile_label *labels, size_t count, const char *function) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    struct profile_function named = {.name = function, .system_name = function, .file = "main.go"};
    struct profile_line line = {.function = profile_add_function(profile, &named)};
    uint32_t location = profile_add_location(profile, 0, 7, &line, 1);
    int64_t value = 3;
    profile_add_sample(profile, &location, 1, &value, labels, count);
    return profile;
}

static struct profile *sent(struct profile *profile) {
    uint8_t *bytes, *out;
    size_t size, out_size;
    struct merge_fault fault = {0};
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    assert_int_equal(pyroscope_sent_profile(bytes, size, &out, &out_size, &fault), MERGE_OK);
    struct profile *again = profile_new();
    assert_int_equal(profile_decode(again, out, out_size, NULL, NULL, &fault), MERGE_OK);
    free(bytes);
    free(out);
    profile_free(profile);
    return again;
}

TEST(keys) {
    static const struct profile_label labels[] = {{"trace endpoint", "/buy", 0, ""},
                                                  {"span id", "71", 0, ""},
                                                  {"memory", "C", 0, ""},
                                                  {"k8s.pod", "web", 0, ""},
                                                  {"bytes", NULL, 512, "bytes"}};
    struct profile *profile = sent(with_labels(labels, 5, "main.run"));
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[0], 3);
    assert_string_equal(sample.frames[0].function, "main.run");
    assert_int_equal(sample.label_count, 4);
    assert_true(profile_sample_has_label(&sample, "trace_endpoint", "/buy"));
    assert_true(profile_sample_has_label(&sample, "memory", "C"));
    assert_true(profile_sample_has_label(&sample, "k8s_pod", "web"));
    assert_false(profile_sample_has_label(&sample, "span_id", "71"));
    profile_free(profile);
}

// Samples that differed in their ids alone are one.
TEST(ids) {
    struct profile *profile = with_labels((const struct profile_label[]){{"span id", "1", 0, ""}}, 1, "f");
    struct profile_function named = {.name = "f", .system_name = "f", .file = "main.go"};
    struct profile_line line = {.function = profile_add_function(profile, &named)};
    uint32_t location = profile_add_location(profile, 0, 7, &line, 1);
    int64_t value = 4;
    profile_add_sample(profile, &location, 1, &value, (const struct profile_label[]){{"span id", "2", 0, ""}}, 1);
    profile = sent(profile);
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[0], 7);
    profile_free(profile);
}

TEST(no_profile) {
    uint8_t *out;
    size_t size;
    struct merge_fault fault = {0};
    assert_int_equal(pyroscope_sent_profile("\xff\xff", 2, &out, &size, &fault), MERGE_TRUNCATED);
    assert_true(strlen(fault.text) > 0);
}

int main(void) {
    return tests_run();
}
