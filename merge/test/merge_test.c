// Tests of merging as package merge does it: sums, times, nothing left behind on an error.

#include "../../base/test/test.h"

#include "merge_inputs.h"
#include "sample_profile.h"

TEST(sums_of_all_inputs) {
    struct blob raw = sample_bytes(MERGE_RAW), gzip = sample_bytes(MERGE_GZIP), zstd = sample_bytes(MERGE_ZSTD), out;
    const void *inputs[] = {raw.bytes, gzip.bytes, zstd.bytes};
    const size_t sizes[] = {raw.size, gzip.size, zstd.size};
    struct merge_fault fault;
    assert_int_equal(merge_inputs(inputs, sizes, 3, MERGE_GZIP, &out.bytes, &out.size, &fault), MERGE_OK);
    struct profile *profile = decode_or_fail(out);
    assert_int_equal(profile_sample_count(profile), 2);
    const int64_t *values = values_of(profile, "leaf");
    assert_int_equal(values[0], 300);
    assert_int_equal(values[1], 150);
    assert_int_equal(profile_duration_ns(profile), 30);
    assert_int_equal(profile_time_ns(profile), 1000);
    profile_free(profile);
    free(raw.bytes), free(gzip.bytes), free(zstd.bytes), free(out.bytes);
}

// A sample whose sum is zero is dropped.
TEST(opposite_samples_vanish) {
    struct blob raw = sample_bytes(MERGE_RAW);
    struct profile *profile = decode_or_fail(raw);
    assert_int_equal(profile_decode(profile, raw.bytes, raw.size, NULL, (int64_t[]){-1, -1}, NULL), MERGE_OK);
    struct blob out = encode_and_free(profile, MERGE_RAW);
    profile = decode_or_fail(out);
    assert_int_equal(profile_sample_count(profile), 0);
    profile_free(profile);
    free(raw.bytes), free(out.bytes);
}

TEST(wrong_input_gives_no_output) {
    struct blob good = sample_bytes(MERGE_GZIP), out = {(uint8_t *)"kept?", 5};
    const void *inputs[] = {good.bytes, good.bytes, good.bytes};
    const size_t sizes[] = {good.size, good.size, good.size - 5};
    struct merge_fault fault;
    assert_int_equal(merge_inputs(inputs, sizes, 3, MERGE_GZIP, &out.bytes, &out.size, &fault), MERGE_BAD_COMPRESSION);
    assert_int_equal(fault.error, MERGE_BAD_COMPRESSION);
    assert_null(out.bytes);
    assert_int_equal(out.size, 0);
    free(good.bytes);
}

// A library mapped at different addresses, an address of 0, and an unknown time.
TEST(times_and_zero_addresses) {
    struct profile *merged = profile_new();
    const int64_t times[] = {50, 0, 20, 90};
    for (int i = 0; i < 4; i++) {
        struct profile *profile = profile_new();
        struct profile_mapping moved = program;
        moved.memory_start += (uint64_t)i << 20, moved.memory_limit += (uint64_t)i << 20;
        profile_add_sample_type(profile, "a", "count");
        uint32_t location = add_frame(profile, profile_add_mapping(profile, &moved), 0, "nowhere");
        profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
        profile_set_time(profile, times[i], INT64_MAX / 2);
        struct blob blob = encode_and_free(profile, MERGE_RAW);
        assert_int_equal(profile_decode(merged, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
        free(blob.bytes);
    }
    assert_int_equal(profile_time_ns(merged), 20);
    assert_true(profile_duration_ns(merged) == INT64_MAX);
    assert_int_equal(profile_sample_count(merged), 1);
    assert_int_equal(*values_of(merged, "nowhere"), 4);
    profile_free(merged);
}

int main(void) {
    return tests_run();
}
