// Tests of decode.c: truncation at every byte, header fields, limits, sample types by name, scale.

#include "../../base/test/test.h"

#include "message.h"
#include "packed.h"

#include "../decode.h"
#include "../profile.h"

// A truncated input must give an error with text and offset, or a profile that can be viewed and encoded.
static void look_at_all(struct profile *profile) {
    struct profile_sample_view view;
    struct tree tree;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
    }
    if (profile_sample_type_count(profile) > 0) {
        assert_int_equal(tree_of(profile, 0, NULL, NULL, &tree), MERGE_OK);
        tree_free(&tree);
    }
    struct blob blob;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &blob.bytes, &blob.size), MERGE_OK);
    free(blob.bytes);
}

TEST(every_cut) {
    for (enum merge_compression kind = MERGE_RAW; kind <= MERGE_ZSTD; kind++) {
        struct blob blob = sample_bytes(kind);
        size_t whole = 0;
        for (size_t size = 0; size < blob.size; size++) {
            uint8_t *copy = malloc(size);
            if (size > 0) {
                memcpy(copy, blob.bytes, size);
            }
            struct profile *profile = profile_new();
            struct merge_fault fault;
            enum merge_error error = profile_decode(profile, copy, size, NULL, NULL, &fault);
            if (error == MERGE_OK) {
                look_at_all(profile);
                whole++;
            } else {
                assert_int_equal(fault.error, error);
                assert_true(fault.text[0] != 0 && fault.offset <= blob.size);
            }
            profile_free(profile);
            free(copy);
        }
        // A cut between two fields after the strings that samples use (2 strings and 5 header fields remain) is indistinguishable from a
        // profile without these fields.
        assert_int_equal(whole, kind == MERGE_RAW ? 7 : 0);
        free(blob.bytes);
    }
}

TEST(every_byte_changed) {
    struct blob blob = sample_bytes(MERGE_RAW);
    for (size_t at = 0; at < blob.size; at++) {
        uint8_t kept = blob.bytes[at];
        for (int value = 0; value < 256; value++) {
            blob.bytes[at] = (uint8_t)value;
            struct profile *profile = profile_new();
            if (profile_decode(profile, blob.bytes, blob.size, NULL, NULL, NULL) == MERGE_OK) {
                look_at_all(profile);
            }
            profile_free(profile);
        }
        blob.bytes[at] = kept;
    }
    free(blob.bytes);
}

TEST(bad_frames_and_headers) {
    struct wire_writer w = {0};
    expect_fault(&w, MERGE_TRUNCATED, "empty input");
    wire_write_number(&w, 9, 5);
    expect_fault(&w, MERGE_MALFORMED, "no string table");
    put_text(&w, "not empty");
    expect_fault(&w, MERGE_MALFORMED, "string 0 is not empty");
    w = good_message();
    wire_write_number(&w, 14, 3);
    expect_fault(&w, MERGE_MALFORMED, "string 3 of 3 does not exist");
    w = good_message();
    wire_write_number(&w, 9, 1);
    wire_write_number(&w, 9, 1);
    expect_fault(&w, MERGE_MALFORMED, "concatenated profiles");
    w = good_message();
    wire_write_number(&w, 2, 1);
    expect_fault(&w, MERGE_MALFORMED, "field 2 is not a message");
    w = good_message();
    wire_write_bytes(&w, 12, "x", 1);
    expect_fault(&w, MERGE_MALFORMED, "field 12 is not a number");
    w = good_message();
    wire_write_varint(&w, 16 << 3 | 3);
    expect_fault(&w, MERGE_MALFORMED, "bad tag or varint");
    w = good_message();
    wire_write_bytes(&w, 13, "\x80", 1);
    expect_fault(&w, MERGE_MALFORMED, "comments");
    w = good_message();
    wire_write_varint(&w, 2 << 3 | 2);
    wire_write_varint(&w, UINT64_MAX);
    expect_fault(&w, MERGE_TRUNCATED, "inside a field");
    w = good_message();
    wire_write_bytes(&w, 1, "\x0a\x05", 2);
    expect_fault(&w, MERGE_MALFORMED, "sample type 1: a field is longer than its message");
}

TEST(unknown_fields_are_skipped_and_comments_unpacked) {
    struct wire_writer w = good_message();
    wire_write_varint(&w, 99 << 3 | 1); // a fixed64
    wire_write_varint(&w, UINT64_C(1) << 49);
    wire_write_number(&w, 77, 5);
    wire_write_bytes(&w, 1000, "whatever", 8);
    wire_write_number(&w, 13, 1);
    wire_write_bytes(&w, 13, "\x02\x01", 2);
    struct profile *profile;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile->comments.count, 2);
    profile_free(profile);
}

TEST(limits) {
    struct merge_limits tight = merge_default_limits;
    struct profile *profile;
    struct merge_fault fault;
    struct wire_writer w = good_message();
    tight.input_bytes = w.size;
    assert_int_equal(decode_message(&w, &tight, &profile, &fault), MERGE_OK);
    profile_free(profile);
    tight.input_bytes--;
    w = good_message();
    assert_int_equal(decode_message(&w, &tight, &profile, &fault), MERGE_TOO_LARGE);
    profile_free(profile);
    tight = merge_default_limits;
    tight.string_bytes = 4;
    w = good_message();
    put_text(&w, "four");
    assert_int_equal(decode_message(&w, &tight, &profile, &fault), MERGE_OK);
    profile_free(profile);
    w = good_message();
    put_text(&w, "fives");
    assert_int_equal(decode_message(&w, &tight, &profile, &fault), MERGE_TOO_LARGE);
    assert_non_null(strstr(fault.text, "longer than 4 bytes"));
    profile_free(profile);
    tight.sample_types = 0;
    w = good_message();
    assert_int_equal(decode_message(&w, &tight, &profile, &fault), MERGE_TOO_LARGE);
    assert_non_null(strstr(fault.text, "1 sample types, limit 0"));
    profile_free(profile);
}

static struct blob with_types(const char *first, const char *second, int64_t a, int64_t b) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, first, "bytes");
    profile_add_sample_type(profile, second, "bytes");
    profile_add_sample(profile, NULL, 0, (int64_t[]){a, b}, NULL, 0);
    return encode_and_free(profile, MERGE_RAW);
}

TEST(types_go_by_name_and_scale_by_place) {
    struct blob one = with_types("a", "b", 1, 10), turned = with_types("b", "a", 20, 2), other = with_types("a", "c", 1, 1);
    struct profile *profile = decode_or_fail(one);
    struct merge_fault fault;
    assert_int_equal(profile_decode(profile, turned.bytes, turned.size, NULL, (int64_t[]){-1, 3}, &fault), MERGE_OK);
    assert_int_equal(profile_sample_values(profile, 0)[0], 1 + 3 * 2);
    assert_int_equal(profile_sample_values(profile, 0)[1], 10 - 20);
    assert_int_equal(profile_decode(profile, other.bytes, other.size, NULL, NULL, &fault), MERGE_TYPES_DIFFER);
    assert_non_null(strstr(fault.text, "sample type c/bytes is not in the previous profile"));
    // The failed input has added nothing, and the next one is decoded.
    assert_int_equal(profile_decode(profile, one.bytes, one.size, NULL, NULL, &fault), MERGE_OK);
    assert_int_equal(fault.error, MERGE_OK);
    assert_int_equal(profile_sample_values(profile, 0)[0], 1 + 3 * 2 + 1);
    assert_int_equal(profile_sample_values(profile, 0)[1], 10 - 20 + 10);
    profile_free(profile);
    profile = profile_new();
    for (int i = 0; i < 3; i++) {
        profile_add_sample_type(profile, (const char *const[]){"a", "b", "missing"}[i], "bytes");
    }
    assert_int_equal(profile_decode(profile, one.bytes, one.size, NULL, NULL, &fault), MERGE_TYPES_DIFFER);
    assert_non_null(strstr(fault.text, "sample type missing/bytes is missing"));
    profile_free(profile);
    // A duplicate name takes two columns.
    struct blob doubled = with_types("a", "a", 4, 5);
    profile = decode_or_fail(doubled);
    assert_int_equal(profile_decode(profile, doubled.bytes, doubled.size, NULL, NULL, &fault), MERGE_OK);
    assert_int_equal(profile_sample_values(profile, 0)[0], 8);
    assert_int_equal(profile_sample_values(profile, 0)[1], 10);
    profile_free(profile);
    free(one.bytes), free(turned.bytes), free(other.bytes), free(doubled.bytes);
}

TEST(period_types_must_agree) {
    struct blob with = sample_bytes(MERGE_RAW);
    struct profile *profile = sample_profile(); // equal to the input
    struct merge_fault fault;
    assert_int_equal(profile_decode(profile, with.bytes, with.size, NULL, NULL, &fault), MERGE_OK);
    assert_int_equal(profile_duration_ns(profile), 20);
    profile_free(profile);
    profile = sample_profile();
    profile_set_period(profile, "cpu", "nanoseconds", 1);
    assert_int_equal(profile_decode(profile, with.bytes, with.size, NULL, NULL, &fault), MERGE_TYPES_DIFFER);
    assert_non_null(strstr(fault.text, "period type space/bytes differs from cpu/nanoseconds"));
    profile_free(profile);
    // A builder that has not set the period type matches any.
    profile = profile_new();
    assert_int_equal(profile_decode(profile, with.bytes, with.size, NULL, NULL, &fault), MERGE_OK);
    profile_free(profile);
    free(with.bytes);
}

// Few compressed bytes may stand for very many messages, each of which takes memory.
TEST(messages_of_a_bomb_are_limited) {
    size_t count = 4 << 20;
    uint8_t *bytes = calloc(count, 2);
    for (size_t i = 0; i < count; i++) {
        bytes[2 * i] = DECODE_STRINGS << 3 | WIRE_BYTES; // empty ones
    }
    struct blob bomb = pack(MERGE_ZSTD, (char *)bytes, count * 2);
    for (int raw = 0; raw < 2; raw++) {
        struct merge_limits limits = {.input_bytes = SIZE_MAX, .string_bytes = 1, .sample_types = 1};
        struct merge_fault fault;
        struct profile *profile = profile_new();
        limits.inflate_ratio = raw ? merge_default_limits.inflate_ratio : 1 << 14;
        enum merge_error error = raw ? profile_decode(profile, bytes, count * 2, &limits, NULL, &fault)
                                     : profile_decode(profile, bomb.bytes, bomb.size, &limits, NULL, &fault);
        assert_int_equal(error, raw ? MERGE_OK : MERGE_TOO_LARGE);
        assert_true(raw || strstr(fault.text, "messages (compression ratio)"));
        profile_free(profile);
    }
    free(bomb.bytes), free(bytes);
}

int main(void) {
    return tests_run();
}
