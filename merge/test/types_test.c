// Tests of types.c: union, subset, scale, the saturation count.

#include "../../base/test/test.h"

#include "sample_profile.h"

static struct blob with_types(const char *const *types, const int64_t *values, size_t count, const char *frame) {
    struct profile *profile = profile_new();
    for (size_t i = 0; i < count; i++) {
        profile_add_sample_type(profile, types[i], "bytes");
    }
    uint32_t location = add_frame(profile, 0, 0, frame);
    profile_add_sample(profile, &location, 1, values, NULL, 0);
    return encode_and_free(profile, MERGE_RAW);
}
#define NAMES(...) ((const char *const[]){__VA_ARGS__})
#define VALUES(...) ((const int64_t[]){__VA_ARGS__})

static void expect(struct profile *profile, const char *frame, const char *type, int64_t value) {
    int index = profile_sample_type_index(profile, type);
    assert_true(index >= 0);
    assert_true(values_of(profile, frame)[index] == value);
}

TEST(union_of_types) {
    struct blob one = with_types(NAMES("a", "b"), VALUES(1, 2), 2, "f"), two = with_types(NAMES("c", "a"), VALUES(30, 10), 2, "g"),
                both = with_types(NAMES("c", "b", "a"), VALUES(300, 200, 100), 3, "f");
    struct profile *profile = profile_new();
    profile_allow_union(profile);
    const struct blob *inputs[] = {&one, &two, &both};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(profile_decode(profile, inputs[i]->bytes, inputs[i]->size, NULL, NULL, NULL), MERGE_OK);
    }
    struct blob out = encode_and_free(profile, MERGE_GZIP);
    profile = decode_or_fail(out);
    assert_int_equal(profile_sample_type_count(profile), 3);
    expect(profile, "f", "a", 101), expect(profile, "f", "b", 202), expect(profile, "f", "c", 300);
    expect(profile, "g", "a", 10), expect(profile, "g", "b", 0), expect(profile, "g", "c", 30);
    // The limit applies to the union.
    struct merge_limits tight = merge_default_limits;
    tight.sample_types = 3;
    struct blob more = with_types(NAMES("d"), VALUES(1), 1, "f");
    profile_allow_union(profile);
    assert_int_equal(profile_decode(profile, more.bytes, more.size, &tight, NULL, NULL), MERGE_TOO_LARGE);
    assert_int_equal(profile_sample_type_count(profile), 3);
    profile_free(profile);
    free(one.bytes), free(two.bytes), free(both.bytes), free(out.bytes), free(more.bytes);
}

TEST(subset_of_types) {
    struct blob blob = with_types(NAMES("a", "b", "c"), VALUES(1, 2, 3), 3, "f");
    struct profile *profile = decode_or_fail(blob);
    assert_int_equal(profile_keep_sample_types(profile, NAMES("a", "missing"), 2), MERGE_NOT_FOUND);
    assert_int_equal(profile_sample_type_count(profile), 3);
    assert_int_equal(profile_keep_sample_types(profile, NAMES("c", "a"), 2), MERGE_OK);
    struct blob out = encode_and_free(profile, MERGE_RAW);
    profile = decode_or_fail(out);
    assert_int_equal(profile_sample_type_count(profile), 2);
    assert_string_equal(profile_sample_type_name(profile, 0), "c");
    expect(profile, "f", "c", 3), expect(profile, "f", "a", 1);
    // A merge with the full profile names the missing type.
    assert_int_equal(profile_decode(profile, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_TYPES_DIFFER);
    profile_free(profile);
    free(blob.bytes), free(out.bytes);
}

TEST(scale_rounds_and_stops_at_the_ends) {
    struct blob blob = with_types(NAMES("a", "b"), VALUES(3, INT64_MAX / 2), 2, "f");
    struct profile *profile = decode_or_fail(blob);
    assert_int_equal(profile_scale_sample_type(profile, "none", 2), MERGE_NOT_FOUND);
    assert_int_equal(profile_scale_sample_type(profile, "a", -0.5), MERGE_OK);
    expect(profile, "f", "a", -2);
    assert_int_equal(profile_saturated_count(profile), 0);
    assert_int_equal(profile_scale_sample_type(profile, "b", 3), MERGE_OK);
    expect(profile, "f", "b", INT64_MAX);
    assert_int_equal(profile_saturated_count(profile), 1);
    assert_int_equal(profile_decode(profile, blob.bytes, blob.size, NULL, VALUES(0, INT64_MIN), NULL), MERGE_OK);
    assert_int_equal(profile_saturated_count(profile), 2); // the product; the sum fits
    expect(profile, "f", "b", -1);
    profile_free(profile);
    free(blob.bytes);
}

// Means of values that are small relative to the divisor: the sum stays exact, and no value changes its sign.
TEST(scale_keeps_the_sum) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_objects", "count");
    char name[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "f%d", i);
        uint32_t location = add_frame(profile, 0, 0, name);
        profile_add_sample(profile, &location, 1, VALUES(i % 3), NULL, 0);
    }
    assert_int_equal(profile_scale_sample_type(profile, "inuse_objects", 1.0 / 100), MERGE_OK);
    int64_t sum = 0;
    for (int i = 0; i < 3000; i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_without_frames(profile, (size_t)i, &sample), MERGE_OK);
        assert_true(sample.values[0] == 0 || (sample.values[0] == 1 && i % 3 != 0));
        sum += sample.values[0];
    }
    assert_int_equal(sum, 30);
    profile_free(profile);
}

// A renamed type differs from the old name in later inputs.
TEST(renamed_type) {
    struct blob blob = with_types(NAMES("a", "b"), VALUES(1, 2), 2, "f");
    struct profile *profile = decode_or_fail(blob);
    assert_int_equal(profile_rename_sample_type(profile, "c", "d"), MERGE_NOT_FOUND);
    assert_int_equal(profile_rename_sample_type(profile, "a", "before"), MERGE_OK);
    profile_allow_union(profile);
    assert_int_equal(profile_decode(profile, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_type_count(profile), 3);
    expect(profile, "f", "before", 1);
    expect(profile, "f", "a", 1);
    expect(profile, "f", "b", 4);
    profile_free(profile);
    free(blob.bytes);
}

int main(void) {
    return tests_run();
}
