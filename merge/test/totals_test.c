// Tests of totals.c: the same sums as of the decoded profile, with any compression; damaged input is refused without reading out of bounds.

#include "../../base/test/test.h"

#include "sample_profile.h"

static void expect_as_decoded(struct blob blob) {
    struct totals totals;
    struct merge_fault fault;
    assert_int_equal(totals_read(blob.bytes, blob.size, NULL, &totals, &fault), MERGE_OK);
    struct profile *profile = decode_or_fail(blob);
    assert_int_equal(totals.type_count, profile_sample_type_count(profile));
    assert_int_equal(totals.samples, profile_sample_count(profile));
    assert_true(totals.time_ns == profile_time_ns(profile) && totals.duration_ns == profile_duration_ns(profile));
    for (size_t type = 0; type < totals.type_count; type++) {
        int64_t total = 0, c_total = 0;
        for (size_t i = 0; i < profile_sample_count(profile); i++) {
            struct profile_sample_view view;
            assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
            total += view.values[type];
            c_total += profile_sample_has_label(&view, "memory", "C") ? view.values[type] : 0;
        }
        assert_string_equal(totals.types[type].name, profile_sample_type_name(profile, type));
        assert_string_equal(totals.types[type].unit, profile_sample_type_unit(profile, type));
        assert_true(totals.types[type].total == total && totals.types[type].c_total == c_total);
    }
    profile_free(profile);
    free(blob.bytes);
}

static struct profile *with_c(void) {
    struct profile *profile = sample_profile();
    struct profile_label labels[] = {{"memory", "C", 0, ""}, {"memory", "Go", 0, ""}, {"C", "memory", 0, ""}, {"memory", "mmap", 0, ""}};
    for (int i = 0; i < 4; i++) {
        profile_add_sample(profile, NULL, 0, (int64_t[]){1 << i, -(10 << i)}, &labels[i], 1);
    }
    set_default_type(profile, "alloc_space");
    return profile;
}

TEST(as_the_decoded_profile) {
    expect_as_decoded(sample_bytes(MERGE_RAW));
    expect_as_decoded(sample_bytes(MERGE_GZIP));
    expect_as_decoded(encode_and_free(with_c(), MERGE_ZSTD));
}

TEST(types_are_found) {
    struct blob blob = encode_and_free(with_c(), MERGE_RAW);
    struct totals totals;
    assert_int_equal(totals_read(blob.bytes, blob.size, NULL, &totals, NULL), MERGE_OK);
    assert_string_equal(totals.default_type, "alloc_space");
    assert_int_equal(totals.c_samples, 1);
    assert_int_equal(totals_find(&totals, "inuse_space")->c_total, -10);
    assert_int_equal(totals_find(&totals, "inuse_space")->mapped_total, -80);
    assert_null(totals_find(&totals, "cpu"));
    free(blob.bytes);
}

// Each prefix, and each byte changed: a result or an error. The sanitized build detects reads past the end.
TEST(damaged_input) {
    struct blob blob = encode_and_free(with_c(), MERGE_RAW);
    struct totals totals;
    size_t refused = 0;
    for (size_t size = 0; size < blob.size; size++) {
        uint8_t *exact = malloc(size + !size);
        memcpy(exact, blob.bytes, size);
        refused += totals_read(exact, size, NULL, &totals, NULL) != MERGE_OK;
        free(exact);
    }
    assert_true(refused > blob.size / 2); // except at the end of a top-level field
    for (size_t at = 0; at < blob.size; at++) {
        uint8_t before = blob.bytes[at];
        for (int bit = 0; bit < 8; bit++) {
            blob.bytes[at] = (uint8_t)(before ^ 1 << bit);
            struct merge_fault fault = {0};
            enum merge_error error = totals_read(blob.bytes, blob.size, NULL, &totals, &fault);
            assert_true(error == MERGE_OK || *fault.text);
        }
        blob.bytes[at] = before;
    }
    free(blob.bytes);
}

TEST(limits_hold) {
    struct blob blob = sample_bytes(MERGE_GZIP);
    struct totals totals;
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = 10;
    assert_int_equal(totals_read(blob.bytes, blob.size, &limits, &totals, NULL), MERGE_TOO_LARGE);
    free(blob.bytes);
    struct profile *profile = profile_new();
    for (int i = 0; i <= TOTALS_MAX_TYPES; i++) {
        char name[16] = {'t', (char)('0' + i / 10), (char)('0' + i % 10)};
        profile_add_sample_type(profile, name, "count");
    }
    blob = encode_and_free(profile, MERGE_RAW);
    assert_int_equal(totals_read(blob.bytes, blob.size, NULL, &totals, NULL), MERGE_TOO_LARGE);
    free(blob.bytes);
}

TEST(types_that_are_the_same) {
    struct totals_type ms = {.name = "cpu", .unit = "milliseconds"}, ns = {.name = "cpu", .unit = "nanoseconds"};
    struct totals_type events = {.name = "cpu", .unit = "events"}, wall = {.name = "wall", .unit = "nanoseconds"};
    int64_t one, other;
    assert_true(totals_same_type(&ms, &ns, &one, &other));
    assert_true(one == 1000000 && other == 1);
    assert_true(totals_same_type(&events, &events, &one, &other));
    assert_true(one == 1 && other == 1);
    assert_false(totals_same_type(&ns, &events, &one, &other));
    assert_false(totals_same_type(&ns, &wall, &one, &other));
}

int main(void) {
    return tests_run();
}
