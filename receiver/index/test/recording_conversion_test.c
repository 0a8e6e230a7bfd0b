// recording_conversion_test.c: a recording is read once, and again when the cache has dropped it.

#include "../../../base/test/test.h"

#include "../../../merge/merge.h"
#include "../recording_conversion.h"
#include "../recording_profile.h"
#include "real_recording.h"

#include <math.h>

// Both the profile and the figures.
static void expect_whole(const struct conversion *conversion) {
    struct totals totals;
    assert_int_equal(totals_read(conversion->profile, conversion->profile_size, NULL, &totals, NULL), MERGE_OK);
    assert_non_null(totals_find(&totals, "lock_time"));
    assert_true(recording_figure(&conversion->figures, "jvm_heap_live_bytes", 1) == 9046192);
}

TEST(read_once) {
    struct recording file = real_recording("jdk-17");
    struct cache *cache = cache_new(CONVERSIONS_BYTES);
    struct conversion one, two;
    char text[200] = "";
    assert_int_equal(conversion_of(cache, &(struct conversion_key){1, "main.jfr", 0}, file.bytes, file.size, &one, text, sizeof text),
                     RECEIVER_OK);
    expect_whole(&one);
    // What is no recording any more is not looked at, since the cache has it. Another upload or name is another recording.
    assert_int_equal(conversion_of(cache, &(struct conversion_key){1, "main.jfr", 0}, "", 0, &two, text, sizeof text), RECEIVER_OK);
    assert_int_equal(one.profile_size, two.profile_size);
    assert_memory_equal(one.profile, two.profile, one.profile_size);
    expect_whole(&two);
    conversion_free(&two);
    assert_int_equal(conversion_of(cache, &(struct conversion_key){2, "main.jfr", 0}, "", 0, &two, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_int_equal(conversion_of(cache, &(struct conversion_key){1, "main", 0}, "", 0, &two, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_int_equal(conversion_of(NULL, &(struct conversion_key){1, "main.jfr", 0}, "", 0, &two, text, sizeof text), RECEIVER_BAD_UPLOAD);
    conversion_free(&one);
    cache_free(cache);
    free(file.bytes);
}

// One that is too large for the cache is converted each time, with the same result.
TEST(not_kept) {
    struct recording file = real_recording("jdk-17");
    struct cache *small = cache_new(4096);
    struct conversion conversion;
    char text[200] = "";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            conversion_of(small, &(struct conversion_key){1, "main.jfr", 0}, file.bytes, file.size, &conversion, text, sizeof text),
            RECEIVER_OK);
        expect_whole(&conversion);
        conversion_free(&conversion);
    }
    assert_int_equal(conversion_of(small, &(struct conversion_key){1, "main.jfr", 0}, "", 0, &conversion, text, sizeof text),
                     RECEIVER_BAD_UPLOAD);
    cache_free(small);
    free(file.bytes);
}

// With times there are more samples, and their sums are the same; the cache has both.
TEST(with_times) {
    struct recording file = real_recording("jdk-17");
    struct cache *cache = cache_new(CONVERSIONS_BYTES);
    struct totals totals[2];
    char text[200] = "";
    for (int timed = 0; timed < 2; timed++) {
        struct conversion conversion;
        const struct conversion_key key = {1, "main.jfr", timed ? CONVERSION_STEP_NS : 0};
        assert_int_equal(conversion_of(cache, &key, file.bytes, file.size, &conversion, text, sizeof text), RECEIVER_OK);
        expect_whole(&conversion);
        assert_int_equal(totals_read(conversion.profile, conversion.profile_size, NULL, &totals[timed], NULL), MERGE_OK);
        conversion_free(&conversion);
    }
    assert_true(totals[1].samples > totals[0].samples);
    assert_true(totals_find(&totals[0], "lock_time")->total == totals_find(&totals[1], "lock_time")->total);
    cache_free(cache);
    free(file.bytes);
}

// Cut anywhere: what is there, or the reason.
TEST(cut) {
    struct recording file = real_recording("jdk-17");
    for (size_t size = 0; size < file.size; size += 997) {
        struct conversion conversion;
        char text[200] = "";
        enum receiver_error error =
            conversion_of(NULL, &(struct conversion_key){1, "main.jfr", 0}, file.bytes, size, &conversion, text, sizeof text);
        assert_true(error == RECEIVER_OK || (error == RECEIVER_BAD_UPLOAD && strstr(text, "not a readable recording: ")));
        if (error == RECEIVER_OK) {
            conversion_free(&conversion);
        }
    }
    free(file.bytes);
}

int main(void) {
    return tests_run();
}
