// read_test.c: requests as a whole: bytes that are none, cut ones, scopes and groups, limits.

#include "../../base/test/test.h"

#include "requests.h"

// A text of a resource that is named again and again is cut.
TEST(long_texts_are_cut) {
    char *text = calloc(1, 100000);
    memset(text, 'x', 99999);
    struct otlp_request *request = otlp_request_new();
    struct profile *profile = sample_profile();
    struct taken taken;
    otlp_begin_resource(request, &(struct otlp_attribute){"service.name", text, 0}, 1);
    assert_int_equal(otlp_add(request, text, profile), MERGE_OK);
    assert_int_equal(decode_request(encoded(request, MERGE_RAW), &taken, NULL), MERGE_OK);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.longest_text, OTLP_MAX_TEXT);
    taken_free(&taken);
    otlp_request_free(request);
    profile_free(profile);
    free(text);
}

static struct blob sample_request(void) {
    struct profile *profile = sample_profile();
    struct blob blob = request_of("heap.pprof", profile);
    profile_free(profile);
    return blob;
}

TEST(every_cut_is_an_error_or_fewer_profiles) {
    struct blob whole = sample_request();
    for (size_t size = 0; size < whole.size; size++) {
        struct blob cut = {malloc(size + 1), size};
        struct taken taken;
        struct merge_fault fault;
        memcpy(cut.bytes, whole.bytes, size);
        enum merge_error error = decode_request(cut, &taken, &fault);
        // The dictionary comes last: without it the profile's indices lead nowhere.
        assert_true(error != MERGE_OK || taken.count == 0);
        assert_true(error == MERGE_OK || *fault.text);
        taken_free(&taken);
    }
    free(whole.bytes);
}

TEST(every_changed_byte_is_survived) {
    struct blob whole = sample_request();
    for (size_t at = 0; at < whole.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            struct blob changed = {malloc(whole.size), whole.size};
            struct taken taken;
            struct merge_fault fault;
            memcpy(changed.bytes, whole.bytes, whole.size);
            changed.bytes[at] ^= (uint8_t)(1 << bit);
            decode_request(changed, &taken, &fault);
            taken_free(&taken);
        }
    }
    free(whole.bytes);
}

TEST(memory_is_that_of_the_budget) {
    for (size_t limit = 0; limit < 300000; limit += 991) {
        struct blob blob = sample_request();
        struct merge_budget budget = {.limit_bytes = limit}, *before = merge_use_budget(&budget);
        struct taken taken;
        size_t count;
        taken = (struct taken){0};
        enum merge_error error = otlp_decode(blob.bytes, blob.size, NULL, take, &taken, &count, NULL);
        assert_true(error == MERGE_OK || error == MERGE_NO_MEMORY);
        taken_free(&taken);
        merge_use_budget(before);
        free(blob.bytes);
    }
}

static enum merge_error refuse(void *context, const struct otlp_profile *one) {
    (void)context;
    (void)one;
    return MERGE_NOT_FOUND;
}

static enum merge_error ignore(void *context, const struct otlp_profile *one) {
    (void)context;
    (void)one;
    return MERGE_OK;
}

TEST(an_error_of_the_taker_is_returned) {
    struct blob blob = sample_request();
    size_t count;
    assert_int_equal(otlp_decode(blob.bytes, blob.size, NULL, refuse, NULL, &count, NULL), MERGE_NOT_FOUND);
    assert_int_equal(count, 0);
    free(blob.bytes);
}

TEST(limits_hold) {
    struct blob blob = sample_request();
    struct taken taken = {0};
    struct merge_fault fault;
    size_t count;
    struct merge_limits limits = merge_default_limits;
    limits.depth_frames = 3; // there are four, one of them inlined
    assert_int_equal(otlp_decode(blob.bytes, blob.size, &limits, take, &taken, &count, &fault), MERGE_TOO_LARGE);
    assert_string_equal(fault.text, "a stack of more than 3 frames");
    limits = merge_default_limits;
    limits.total_frames = 5;
    assert_int_equal(otlp_decode(blob.bytes, blob.size, &limits, take, &taken, &count, &fault), MERGE_TOO_LARGE);
    limits = merge_default_limits;
    limits.sample_types = 1;
    assert_int_equal(otlp_decode(blob.bytes, blob.size, &limits, take, &taken, &count, &fault), MERGE_TOO_LARGE);
    limits = merge_default_limits;
    limits.string_bytes = 4;
    assert_int_equal(otlp_decode(blob.bytes, blob.size, &limits, take, &taken, &count, &fault), MERGE_TOO_LARGE);
    limits = merge_default_limits;
    limits.input_bytes = 64;
    assert_int_equal(otlp_decode(blob.bytes, blob.size, &limits, take, &taken, &count, &fault), MERGE_TOO_LARGE);
    assert_int_equal(taken.count, 0);
    free(blob.bytes);
}

// Few bytes that stand for many labels. Lists of different lengths: of equal ones one is followed.
TEST(labels_are_counted) {
    struct wire_writer writer = {0};
    struct merge_fault fault;
    struct merge_limits limits = merge_default_limits;
    size_t resource = wire_open(&writer, 1), scope = wire_open(&writer, 2), profile = wire_open(&writer, 2), taken;
    PUT(&writer, 1, 1, 1, 2, 2);
    for (int sample = 0; sample < 20; sample++) {
        size_t message = wire_open(&writer, 2), list = wire_open(&writer, 2);
        for (int i = 0; i < 100 + sample; i++) {
            wire_write_varint(&writer, 1);
        }
        wire_close(&writer, list);
        list = wire_open(&writer, 4);
        wire_write_varint(&writer, 1);
        wire_close(&writer, list);
        wire_close(&writer, message);
    }
    wire_close(&writer, profile);
    wire_close(&writer, scope);
    wire_close(&writer, resource);
    put_dictionary(&writer);
    assert_int_equal(otlp_decode(writer.bytes, writer.size, &limits, ignore, NULL, &taken, &fault), MERGE_OK);
    limits.total_frames = 1000;
    assert_int_equal(otlp_decode(writer.bytes, writer.size, &limits, ignore, NULL, &taken, &fault), MERGE_TOO_LARGE);
    assert_string_equal(fault.text, "more than 1000 frames and labels");
    limits = merge_default_limits;
    limits.depth_frames = 99;
    assert_int_equal(otlp_decode(writer.bytes, writer.size, &limits, ignore, NULL, &taken, &fault), MERGE_TOO_LARGE);
    assert_string_equal(fault.text, "a sample of more than 99 labels");
    wire_free(&writer);
}

// Each with a time of its own.
TEST(profiles_are_counted) {
    for (int count = OTLP_MAX_PROFILES; count <= OTLP_MAX_PROFILES + 1; count++) {
        struct wire_writer writer = {0};
        struct merge_fault fault;
        size_t resource = wire_open(&writer, 1), scope = wire_open(&writer, 2), taken;
        for (int i = 0; i < count; i++) {
            size_t profile = wire_open(&writer, 2);
            PUT(&writer, 1, 1, 1, 2, 2);
            wire_write_number(&writer, 4, (uint64_t)i + 1);
            wire_close(&writer, profile);
        }
        wire_close(&writer, scope);
        wire_close(&writer, resource);
        put_dictionary(&writer);
        enum merge_error error = otlp_decode(writer.bytes, writer.size, NULL, ignore, NULL, &taken, &fault);
        assert_int_equal(error, count > OTLP_MAX_PROFILES ? MERGE_TOO_LARGE : MERGE_OK);
        assert_int_equal(taken, count > OTLP_MAX_PROFILES ? 0 : count);
        wire_free(&writer);
    }
}

int main(void) {
    return tests_run();
}
