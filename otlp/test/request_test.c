// request_test.c: written requests give back the profiles that they were made of.

#include "../../base/test/test.h"

#include "../dictionary.h"
#include "requests.h"

static void expect_same(struct profile *profile) {
    struct taken taken;
    struct merge_fault fault;
    struct blob wanted;
    if (decode_request(request_of("heap.pprof", profile), &taken, &fault) != MERGE_OK) {
        fail_msg("%s", fault.text);
    }
    assert_int_equal(taken.count, 1);
    assert_string_equal(taken.files[0], "heap.pprof");
    assert_string_equal(taken.services[0], "shop");
    assert_string_equal(taken.scopes[0], "cmemprof");
    assert_int_equal(taken.attributes, 2);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &wanted.bytes, &wanted.size), MERGE_OK);
    // Ids differ in their order: both are read into one profile, and the second adds nothing new.
    struct profile *both = decode_or_fail(wanted);
    size_t samples = profile_sample_count(both);
    uint32_t locations = both->locations.count, functions = both->functions.count, mappings = both->mappings.count;
    assert_int_equal(profile_decode(both, taken.profiles[0].bytes, taken.profiles[0].size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(both), samples);
    assert_int_equal(both->locations.count, locations);
    assert_int_equal(both->functions.count, functions);
    assert_int_equal(both->mappings.count, mappings);
    for (uint32_t i = 0; i < samples; i++) { // so each value is there twice
        for (uint32_t type = 0; type < both->type_count; type++) {
            assert_int_equal(profile_sample_values(both, i)[type] % 2, 0);
        }
    }
    struct profile *read = decode_or_fail(taken.profiles[0]);
    assert_int_equal(profile_sample_count(read), samples);
    assert_int_equal(profile_period(read), profile_period(profile));
    assert_int_equal(profile_time_ns(read), profile_time_ns(profile));
    assert_int_equal(profile_duration_ns(read), profile_duration_ns(profile));
    for (uint32_t i = 1; i < read->mappings.count; i++) {
        assert_int_equal(profile_mapping(read, i)->flags, profile_mapping(profile, i)->flags);
    }
    assert_int_equal(read->comments.count, profile->comments.count);
    assert_string_equal(profile_string(read, read->default_type), profile_string(profile, profile->default_type));
    assert_string_equal(profile_string(read, read->keep_frames), profile_string(profile, profile->keep_frames));
    profile_free(read);
    profile_free(both);
    free(wanted.bytes);
    taken_free(&taken);
    profile_free(profile);
}

TEST(a_profile_comes_back) {
    expect_same(sample_profile());
}

TEST(a_header_comes_back) {
    struct profile *profile = sample_profile();
    set_default_type(profile, "alloc_space");
    profile->keep_frames = profile_intern_string(profile, "keep.*", 6);
    profile->drop_frames = profile_intern_string(profile, "drop.*", 6);
    profile->doc_url = profile_intern_string(profile, "https://example.com", 19);
    profile_add_comment(profile, "another");
    expect_same(profile);
}

TEST(labels_of_one_key_and_timestamps_come_back) {
    struct profile *profile = sample_profile();
    uint32_t leaf = add_frame(profile, 0, 0, "timed");
    struct profile_label labels[] = {{"key", "a", 0, ""},
                                     {"key", "b", 0, ""},
                                     {"end_timestamp_ns", NULL, 1234567890123, ""},
                                     {"n", NULL, -1, "bytes"},
                                     {"n", NULL, 2, "bytes"}};
    profile_add_sample(profile, &leaf, 1, (int64_t[]){5, 6}, labels, 5);
    labels[2].number++;
    profile_add_sample(profile, &leaf, 1, (int64_t[]){7, 0}, labels, 5);
    expect_same(profile);
}

// Entries of the dictionary's table of attributes, without entry 0. Frees the request.
static uint32_t count_attributes(struct blob request) {
    struct wire message = {request.bytes, request.bytes + request.size}, dictionary = {0};
    struct wire_field field = {0};
    uint32_t count = 0;
    while (message.at < message.end && wire_next(&message, &field) == WIRE_OK) {
        dictionary = field.number == 2 ? field.bytes : dictionary;
    }
    while (dictionary.at < dictionary.end && wire_next(&dictionary, &field) == WIRE_OK) {
        count += field.number == TABLE_ATTRIBUTES;
    }
    free(request.bytes);
    return count - 1;
}

// Between values of one unit are those of another.
TEST(labels_of_one_key_are_one_attribute_for_each_unit) {
    struct profile *profile = sample_profile();
    uint32_t leaf = add_frame(profile, 0, 0, "mixed"), before = count_attributes(request_of("heap.pprof", profile));
    struct profile_label labels[] = {{"n", NULL, 1, "bytes"},   {"n", NULL, 2, "seconds"}, {"n", NULL, 3, "bytes"},
                                     {"n", NULL, 4, "seconds"}, {"n", NULL, 5, ""},        {"n", "text", 0, ""},
                                     {"n", NULL, 6, "bytes"},   {"n", NULL, 1, "seconds"}};
    profile_add_sample(profile, &leaf, 1, (int64_t[]){5, 6}, labels, sizeof labels / sizeof *labels);
    assert_int_equal(count_attributes(request_of("heap.pprof", profile)) - before, 3); // bytes, seconds, none
    expect_same(profile);
}

TEST(many_labels_of_one_key_are_one_attribute) {
    struct profile *profile = sample_profile();
    uint32_t leaf = add_frame(profile, 0, 0, "many"), before = count_attributes(request_of("heap.pprof", profile));
    struct profile_label labels[200];
    for (int i = 0; i < 200; i++) {
        labels[i] = (struct profile_label){"n", NULL, i + 1, "bytes"};
    }
    profile_add_sample(profile, &leaf, 1, (int64_t[]){5, 6}, labels, 200);
    assert_int_equal(count_attributes(request_of("heap.pprof", profile)) - before, 1);
    expect_same(profile);
}

TEST(a_period_of_zero_becomes_one) {
    struct taken taken;
    struct profile *profile = sample_profile();
    profile_set_period(profile, "space", "bytes", 0);
    assert_int_equal(decode_request(request_of("", profile), &taken, NULL), MERGE_OK);
    struct profile *read = only_profile(&taken);
    assert_int_equal(profile_period(read), 1);
    profile_free(read);
    profile_free(profile);
    taken_free(&taken);
}

TEST(profiles_share_a_dictionary) {
    struct profile *one = sample_profile(), *two = sample_profile();
    struct otlp_request *request = otlp_request_new();
    struct blob single = request_of("a.pprof", one), both;
    struct taken taken;
    assert_int_equal(otlp_add(request, "a.pprof", one), MERGE_OK);
    otlp_begin_resource(request, NULL, 0);
    assert_int_equal(otlp_add(request, "b.pprof", two), MERGE_OK);
    both = encoded(request, MERGE_RAW);
    assert_true(both.size < single.size * 3 / 2);
    assert_int_equal(decode_request(both, &taken, NULL), MERGE_OK);
    assert_int_equal(taken.count, 2);
    assert_string_equal(taken.files[0], "a.pprof");
    assert_string_equal(taken.files[1], "b.pprof");
    taken_free(&taken);
    otlp_request_free(request);
    free(single.bytes);
    profile_free(one);
    profile_free(two);
}

TEST(a_packed_request_is_read) {
    for (int kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        struct profile *profile = sample_profile();
        struct otlp_request *request = otlp_request_new();
        struct blob blob;
        struct taken taken;
        assert_int_equal(otlp_add(request, NULL, profile), MERGE_OK);
        blob = encoded(request, (enum merge_compression)kind);
        assert_int_equal(decode_request(blob, &taken, NULL), MERGE_OK);
        assert_int_equal(taken.count, 1);
        taken_free(&taken);
        otlp_request_free(request);
        profile_free(profile);
    }
}

TEST(the_memory_of_a_budget_is_kept_to) {
    struct profile *profile = sample_profile();
    for (size_t limit = 0; limit < 200000; limit += 997) {
        struct merge_budget budget = {.limit_bytes = limit}, *before = merge_use_budget(&budget);
        struct otlp_request *request = otlp_request_new();
        const uint8_t *bytes;
        size_t size;
        enum merge_error error = request ? otlp_add(request, "heap.pprof", profile) : MERGE_NO_MEMORY;
        error = error == MERGE_OK ? otlp_encode(request, MERGE_RAW, &bytes, &size) : error;
        assert_true(error == MERGE_OK || error == MERGE_NO_MEMORY);
        otlp_request_free(request);
        merge_use_budget(before);
    }
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
