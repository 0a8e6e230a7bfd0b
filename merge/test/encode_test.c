// Tests of encode.c: round trips, without samples of zeros and entries that only they use.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../profile.h"

TEST(survives_each_compression) {
    for (enum merge_compression kind = MERGE_RAW; kind <= MERGE_ZSTD; kind++) {
        struct blob blob = sample_bytes(kind);
        struct profile *profile = decode_or_fail(blob);
        struct profile_sample_view view;
        assert_int_equal(profile_sample_type_count(profile), 2);
        assert_int_equal(profile_sample_count(profile), 2);
        assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
        assert_int_equal(view.values[0], 100);
        assert_int_equal(view.values[1], 50);
        assert_int_equal(view.frame_count, 4);
        assert_int_equal(view.label_count, 2);
        assert_int_equal(profile_time_ns(profile), 1000);
        assert_int_equal(profile_duration_ns(profile), 10);
        assert_int_equal(profile->period, 524288);
        assert_string_equal(profile_string(profile, profile->period_type.type), "space");
        assert_string_equal(profile_string(profile, *profile_comment(profile, 0)), "a comment");
        const struct mapping *mapping = profile_mapping(profile, 1);
        assert_int_equal(mapping->start, 0x1000);
        assert_int_equal(mapping->limit, 0x9000);
        assert_int_equal(mapping->flags, MAPPING_FUNCTIONS);
        assert_string_equal(profile_string(profile, mapping->build_id), "feed");
        // A second round trip gives the same bytes.
        struct blob again = encode_and_free(profile, kind);
        assert_int_equal(again.size, blob.size);
        assert_memory_equal(again.bytes, blob.bytes, blob.size);
        free(again.bytes);
        free(blob.bytes);
    }
}

static bool holds(struct blob blob, const char *text) {
    return memmem(blob.bytes, blob.size, text, strlen(text));
}

TEST(unused_entries_are_left_out) {
    struct blob blob = sample_bytes(MERGE_RAW);
    assert_true(holds(blob, "leaf"));
    assert_false(holds(blob, "unused"));
    struct profile *profile = decode_or_fail(blob);
    assert_int_equal(profile->functions.count - 1, 4);
    assert_int_equal(profile->locations.count - 1, 4);
    profile_free(profile);
    free(blob.bytes);
}

// The first mapping, by convention the main program, is kept even if unused; others are not.
TEST(first_mapping_stays) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "a", "count");
    profile_add_mapping(profile, &program);
    uint32_t second = profile_add_mapping(profile, &(struct profile_mapping){.memory_start = 1, .file = "second"});
    uint32_t third = profile_add_mapping(profile, &(struct profile_mapping){.memory_start = 2, .file = "third"});
    uint32_t zero = profile_add_location(profile, second, 5, NULL, 0), used = profile_add_location(profile, third, 6, NULL, 0);
    profile_add_sample(profile, &zero, 1, (int64_t[]){0}, NULL, 0);
    profile_add_sample(profile, &used, 1, (int64_t[]){1}, NULL, 0);
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    assert_false(holds(blob, "second"));
    profile = decode_or_fail(blob);
    assert_int_equal(profile->mappings.count - 1, 2);
    assert_string_equal(profile_string(profile, profile_mapping(profile, 1)->file), "/bin/program");
    assert_string_equal(profile_string(profile, profile_mapping(profile, 2)->file), "third");
    profile_free(profile);
    free(blob.bytes);
}

TEST(empty_profile) {
    struct blob blob = encode_and_free(profile_new(), MERGE_GZIP);
    struct profile *profile = decode_or_fail(blob);
    assert_int_equal(profile_sample_count(profile), 0);
    assert_int_equal(profile_sample_type_index(profile, NULL), -1);
    profile_free(profile);
    free(blob.bytes);
}

TEST(values_at_their_ends) {
    struct profile *profile = profile_new();
    for (int i = 0; i < 64; i++) {
        profile_add_sample_type(profile, (char[]){(char)('0' + i), 0}, "");
    }
    int64_t values[64];
    for (int i = 0; i < 64; i++) {
        values[i] = i % 2 ? INT64_MIN + i : INT64_MAX - i;
    }
    profile_add_sample(profile, NULL, 0, values, NULL, 0);
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    profile = decode_or_fail(blob);
    assert_memory_equal(profile_sample_values(profile, 0), values, sizeof values);
    profile_free(profile);
    free(blob.bytes);
}

// ---- Samples from a source ----

enum { SOURCE_SAMPLES = 1000 };

struct source {
    struct profile *profile;
    uint32_t locations[200];
    uint32_t next, leaf, wrong_at, more_at;
    int64_t values[2];
    struct blob out;
    size_t max_bytes; // allocation limit
};

// Samples of different depths, from 0 to more than fit a message of 128 bytes.
static bool next_sample(void *context, struct profile_source_sample *sample) {
    struct source *source = context;
    if (source->next == SOURCE_SAMPLES) {
        return false;
    }
    source->values[0] = source->next;
    source->values[1] = source->next == 3 ? -1 : 1;
    *sample = (struct profile_source_sample){.locations = source->locations,
                                             .location_count = source->next % 200,
                                             .values = source->values,
                                             .first_label = source->next / 2 % 2 * 2,
                                             .label_count = 1 + source->next % 2,
                                             .first_more = 4 + source->next % 5,
                                             .more_count = source->next == source->more_at ? 9 : (5 - source->next % 5) / 2};
    source->locations[0] = source->next++ == source->wrong_at ? 3 : source->leaf;
    return true;
}

static uint8_t *resize(void *context, size_t capacity) {
    struct source *source = context;
    uint8_t *bytes = capacity <= source->max_bytes ? realloc(source->out.bytes, capacity) : NULL;
    source->out.bytes = bytes ? bytes : source->out.bytes;
    return bytes;
}

static enum merge_error encode_source(struct source *source) {
    static const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"owner", "me", 0, ""}, {"memory", "mmap", 0, ""},
                                                  {"owner", "it", 0, ""}, {"x", "0", 0, ""},      {"x", "1", 0, ""},
                                                  {"x", "2", 0, ""},      {"x", "3", 0, ""},      {"x", "4", 0, ""}};
    source->profile = profile_new();
    profile_add_sample_type(source->profile, "a", "count");
    profile_add_sample_type(source->profile, "b", "bytes");
    source->leaf = add_frame(source->profile, profile_add_mapping(source->profile, &program), 1, "leaf");
    uint32_t caller = add_frame(source->profile, 0, 2, "caller");
    for (size_t i = 0; i < 200; i++) {
        source->locations[i] = i == 0 ? source->leaf : caller;
    }
    profile_add_comment(source->profile, "a comment");
    enum merge_error error =
        profile_encode_source(source->profile, &(struct profile_sample_source){next_sample, labels, 9, resize, source}, &source->out.size);
    profile_free(source->profile);
    return error;
}

// All samples must be read back in order.
TEST(samples_of_a_source_are_written) {
    struct source source = {.max_bytes = SIZE_MAX, .wrong_at = UINT32_MAX, .more_at = UINT32_MAX};
    assert_int_equal(encode_source(&source), MERGE_OK);
    struct profile *profile = decode_or_fail(source.out);
    // Equal stacks are merged when read: depths 0 to 199.
    assert_int_equal(profile_sample_count(profile), 200);
    for (uint32_t i = 0; i < 200; i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_int_equal(view.frame_count, i);
        assert_int_equal(view.values[0], 5 * i + 200 * (1 + 2 + 3 + 4));
        assert_int_equal(view.values[1], i == 3 ? 3 : 5);
        size_t own = 1 + i % 2, more = (5 - i % 5) / 2;
        assert_int_equal(view.label_count, own + more);
        assert_true(profile_sample_is_c(&view));
        assert_true(profile_sample_has_label(&view, "memory", i / 2 % 2 == 0 ? "C" : "mmap"));
        assert_int_equal(profile_sample_has_label(&view, "owner", i / 2 % 2 == 0 ? "me" : "it"), own == 2);
        for (size_t k = 0; k < more; k++) {
            const char number[] = {(char)('0' + i % 5 + k), '\0'};
            assert_true(profile_sample_has_label(&view, "x", number));
        }
        assert_string_equal(i > 0 ? view.frames[0].function : "leaf", "leaf");
        assert_string_equal(i > 1 ? view.frames[i - 1].function : "caller", "caller");
    }
    assert_string_equal(profile_string(profile, *profile_comment(profile, 0)), "a comment");
    profile_free(profile);
    free(source.out.bytes);
}

TEST(a_source_may_be_wrong_or_have_no_room) {
    struct source wrong = {.max_bytes = SIZE_MAX, .wrong_at = 900, .more_at = UINT32_MAX};
    assert_int_equal(encode_source(&wrong), MERGE_MALFORMED); // location 3 does not exist
    free(wrong.out.bytes);
    struct source no_label = {.max_bytes = SIZE_MAX, .wrong_at = UINT32_MAX, .more_at = 900};
    assert_int_equal(encode_source(&no_label), MERGE_MALFORMED);
    free(no_label.out.bytes);
    struct source enough = {.max_bytes = SIZE_MAX, .wrong_at = UINT32_MAX, .more_at = UINT32_MAX};
    assert_int_equal(encode_source(&enough), MERGE_OK);
    for (size_t max_bytes = 0; max_bytes < 4 * enough.out.size; max_bytes += enough.out.size / 50) {
        struct source tight = {.max_bytes = max_bytes, .wrong_at = UINT32_MAX, .more_at = UINT32_MAX};
        enum merge_error error = encode_source(&tight);
        assert_true(error == MERGE_NO_MEMORY || error == MERGE_OK);
        assert_true(error == MERGE_NO_MEMORY || tight.out.size == enough.out.size);
        assert_true(max_bytes >= enough.out.size || error == MERGE_NO_MEMORY);
        free(tight.out.bytes);
    }
    free(enough.out.bytes);
}

int main(void) {
    return tests_run();
}
