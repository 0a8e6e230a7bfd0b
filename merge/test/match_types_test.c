// Tests of match_types.c: common types, unit conversion, a missing period type.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../profile.h"

static void expect(struct profile *profile, const char *frame, const char *type, int64_t value) {
    int index = profile_sample_type_index(profile, type);
    assert_true(index >= 0);
    assert_true(values_of(profile, frame)[index] == value);
}

struct unit_of {
    const char *type, *unit;
    int64_t value;
};

static struct blob with_units(const struct unit_of *types, size_t count, const char *frame, const char *period) {
    struct profile *profile = profile_new();
    int64_t values[8];
    for (size_t i = 0; i < count; i++) {
        profile_add_sample_type(profile, types[i].type, types[i].unit);
        values[i] = types[i].value;
    }
    uint32_t location = add_frame(profile, 0, 0, frame);
    profile_add_sample(profile, &location, 1, values, NULL, 0);
    if (period) {
        profile_set_period(profile, period, "nanoseconds", 10);
    }
    return encode_and_free(profile, MERGE_RAW);
}
#define WITH_UNITS(frame, period, ...)                                                                                                     \
    with_units((const struct unit_of[]){__VA_ARGS__}, sizeof((struct unit_of[]){__VA_ARGS__}) / sizeof(struct unit_of), frame, period)

static enum merge_error add(struct profile *profile, struct blob blob, struct merge_fault *fault) {
    enum merge_error error = profile_decode(profile, blob.bytes, blob.size, NULL, NULL, fault);
    free(blob.bytes);
    return error;
}

// As in go tool pprof: types that a client upgrade adds or removes are dropped, and listed.
TEST(common_types) {
    struct merge_fault fault;
    struct profile *profile = profile_new();
    profile_allow_common(profile);
    assert_int_equal(add(profile, WITH_UNITS("f", NULL, {"old", "count", 7}, {"a", "bytes", 1}, {"b", "count", 2}), NULL), MERGE_OK);
    assert_int_equal(profile_left_out_count(profile), 0);
    assert_int_equal(add(profile, WITH_UNITS("g", NULL, {"b", "count", 20}, {"new", "count", 9}, {"a", "bytes", 10}), NULL), MERGE_OK);
    assert_int_equal(add(profile, WITH_UNITS("f", NULL, {"a", "bytes", 100}, {"b", "count", 200}, {"old", "count", 1}), NULL), MERGE_OK);
    assert_int_equal(profile_sample_type_count(profile), 2);
    assert_string_equal(profile_sample_type_name(profile, 0), "a");
    expect(profile, "f", "a", 101), expect(profile, "f", "b", 202), expect(profile, "g", "a", 10), expect(profile, "g", "b", 20);
    assert_int_equal(profile_left_out_count(profile), 2);
    assert_string_equal(profile_left_out_name(profile, 0), "old");
    assert_string_equal(profile_left_out_name(profile, 1), "new");
    // Nothing in common: the error lists both, and the profile is unchanged.
    assert_int_equal(add(profile, WITH_UNITS("h", NULL, {"cpu", "nanoseconds", 1}), &fault), MERGE_TYPES_DIFFER);
    assert_non_null(strstr(fault.text, "cpu/nanoseconds"));
    assert_non_null(strstr(fault.text, "a/bytes, b/count"));
    expect(profile, "f", "a", 101), expect(profile, "g", "b", 20);
    assert_int_equal(profile_sample_type_count(profile), 2);
    profile_free(profile);
}

// In either order the sum has the smaller unit.
TEST(units_are_converted) {
    for (int order = 0; order < 2; order++) {
        for (int rule = 0; rule < 2; rule++) {
            struct profile *profile = profile_new();
            rule ? profile_allow_common(profile) : profile_allow_union(profile);
            for (int i = 0; i < 2; i++) {
                struct blob blob = i == order ? WITH_UNITS("f", "cpu", {"delay", "milliseconds", 3}, {"size", "kB", 2})
                                              : WITH_UNITS("f", NULL, {"size", "bytes", 5}, {"delay", "nanoseconds", 7});
                assert_int_equal(add(profile, blob, NULL), MERGE_OK);
            }
            assert_int_equal(profile_sample_type_count(profile), 2);
            expect(profile, "f", "delay", 3000007), expect(profile, "f", "size", 2053);
            assert_string_equal(profile_sample_type_unit(profile, (size_t)profile_sample_type_index(profile, "delay")), "nanoseconds");
            assert_string_equal(profile_sample_type_unit(profile, (size_t)profile_sample_type_index(profile, "size")), "bytes");
            assert_string_equal(profile_string(profile, profile->period_type.type), "cpu"); // a missing period type matches any
            profile_free(profile);
        }
    }
    // A strict merge, and units of different quantities.
    struct profile *profile = profile_new();
    assert_int_equal(add(profile, WITH_UNITS("f", "cpu", {"delay", "milliseconds", 3}), NULL), MERGE_OK);
    assert_int_equal(add(profile, WITH_UNITS("f", "cpu", {"delay", "nanoseconds", 3}), NULL), MERGE_TYPES_DIFFER);
    profile_allow_common(profile);
    assert_int_equal(add(profile, WITH_UNITS("f", "cpu", {"delay", "bytes", 3}), NULL), MERGE_TYPES_DIFFER);
    assert_int_equal(add(profile, WITH_UNITS("f", "space", {"delay", "milliseconds", 3}), NULL), MERGE_TYPES_DIFFER);
    expect(profile, "f", "delay", 3);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
