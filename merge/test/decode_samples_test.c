// Tests of decode_samples.c: packed and unpacked numbers, labels, values that do not match the sample types.

#include "../../base/test/test.h"

#include "message.h"

#include "../profile.h"

static void put_sample(struct wire_writer *w, const char *bytes, size_t size) {
    wire_write_bytes(w, 2, bytes, size);
}
#define SAMPLE(w, bytes) put_sample(w, bytes, sizeof bytes - 1)

TEST(packed_and_one_by_one) {
    struct wire_writer w = good_message();
    SAMPLE(&w, "\x0a\x02\x01\x01\x12\x01\x05");         // locations 1, 1 packed; value 5 packed
    SAMPLE(&w, "\x08\x01\x10\x07\x08\x01");             // the same unpacked, with the value in between
    SAMPLE(&w, "\x0a\x01\x01\x08\x01\x12\x02\x81\x00"); // both, and an overlong varint
    SAMPLE(&w, "\x0a\x00\x12\x01\x03");                 // no locations
    SAMPLE(&w, "\x10\x04");
    struct profile *profile;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 2);
    assert_int_equal(*profile_sample_values(profile, 0), 5 + 7 + 1);
    assert_int_equal(*profile_sample_values(profile, 1), 3 + 4);
    profile_free(profile);
}

TEST(labels_are_a_set_of_texts_and_numbers) {
    struct wire_writer w = good_message();
    SAMPLE(&w, "\x10\x01\x1a\x04\x08\x01\x10\x02\x1a\x04\x08\x01\x18\x05");                         // a=b, a=5
    SAMPLE(&w, "\x10\x02\x1a\x04\x18\x05\x08\x01\x1a\x04\x10\x02\x08\x01");                         // in reverse order
    SAMPLE(&w, "\x10\x04\x1a\x06\x08\x01\x18\x05\x20\x02\x1a\x04\x08\x01\x10\x02");                 // with a unit: different
    SAMPLE(&w, "\x10\x08\x1a\x04\x08\x01\x10\x02\x1a\x04\x08\x01\x10\x02\x1a\x04\x08\x01\x18\x05"); // a=b twice: different
    struct profile *profile;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(*profile_sample_values(profile, i), ((int[]){3, 4, 8})[i]);
    }
    profile_free(profile);
}

TEST(wrong_samples) {
    struct wire_writer w = good_message();
    SAMPLE(&w, "\x0a\x02\x01\x09\x10\x01");
    expect_fault(&w, MERGE_MALFORMED, "sample 0: location id 9 does not exist");
    w = good_message();
    SAMPLE(&w, "\x08\x09\x10\x01");
    expect_fault(&w, MERGE_MALFORMED, "sample 0: location id 9 does not exist");
    w = good_message();
    SAMPLE(&w, "\x12\x02\x01\x01");
    expect_fault(&w, MERGE_MALFORMED, "sample 0: more than 1 values, one per sample type");
    w = good_message();
    SAMPLE(&w, "\x08\x01");
    expect_fault(&w, MERGE_MALFORMED, "sample 0: 0 values for 1 sample types");
    w = good_message();
    SAMPLE(&w, "\x0a\x01\x80\x10\x01");
    expect_fault(&w, MERGE_MALFORMED, "sample 0: bad varint in field 1");
    w = good_message();
    SAMPLE(&w, "\x10\x01\x1a\x02\x08\x07");
    expect_fault(&w, MERGE_MALFORMED, "sample 0: string 7 of 3 does not exist");
}

// The last sample is malformed: values of the valid ones before it must not be added.
TEST(all_or_nothing) {
    struct wire_writer good = good_message(), bad = good_message();
    SAMPLE(&good, "\x08\x01\x10\x05");
    SAMPLE(&bad, "\x08\x01\x10\x07");
    SAMPLE(&bad, "\x10\x09");
    SAMPLE(&bad, "\x08\x09\x10\x07");
    struct profile *profile = profile_new();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(profile_decode(profile, bad.bytes, bad.size, NULL, NULL, NULL), MERGE_MALFORMED);
        assert_int_equal(profile_decode(profile, good.bytes, good.size, NULL, NULL, NULL), MERGE_OK);
    }
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    profile = decode_or_fail(blob);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(*profile_sample_values(profile, 0), 15);
    profile_free(profile);
    free(blob.bytes), wire_free(&good), wire_free(&bad);
}

// Samples are looked up in batches: in any order, and whether new, known or duplicate within a batch, each must be one sample.
TEST(every_order_in_every_batch) {
    enum { SAMPLES = 5 * SAMPLE_BATCH + 3, INPUTS = 6 };
    struct profile *profile = profile_new(), *colliding = profile_new();
    colliding->hash_mask = 0;
    int64_t expected[SAMPLES] = {0};
    for (int input = 0; input < INPUTS; input++) {
        struct wire_writer w = good_message();
        for (int i = 0; i < 2 * SAMPLES; i++) {
            // In order, in reverse, with strides, each twice in a row. Each input adds a fifth.
            int sample = (int[]){i, SAMPLES - 1 - i % SAMPLES, i * 7, i / 2, i * 5 + i % 3, i}[input] % (SAMPLES * (input + 1) / INPUTS);
            char bytes[] = {0x08, 0x01, 0x10, (char)(i % 100 + 1), 0x1a, 0x04,
                            0x08, 0x01, 0x18, (char)(sample + 1)}; // location 1, a=sample+1
            put_sample(&w, bytes, sizeof bytes);
            expected[sample] += i % 100 + 1;
        }
        assert_int_equal(profile_decode(profile, w.bytes, w.size, NULL, NULL, NULL), MERGE_OK);
        assert_int_equal(profile_decode(colliding, w.bytes, w.size, NULL, NULL, NULL), MERGE_OK);
        wire_free(&w);
    }
    assert_int_equal(profile_sample_count(profile), SAMPLES);
    assert_int_equal(profile_sample_count(colliding), SAMPLES);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        int64_t number = profile_label(profile, profile_sample(profile, i)->label)->number;
        assert_int_equal(*profile_sample_values(profile, i), expected[number - 1]);
        assert_int_equal(profile_label(colliding, profile_sample(colliding, i)->label)->number, number);
        assert_int_equal(*profile_sample_values(colliding, i), expected[number - 1]);
    }
    profile_free(profile);
    profile_free(colliding);
}

TEST(dropped_labels) {
    static const char *const keys[] = {"span", "no such"};
    struct profile *profile = sample_profile(), *rest = profile_new();
    uint32_t unused = add_frame(profile, 0, 7, "f");
    for (int i = 0; i < 5; i++) {
        struct profile_label labels[] = {{"thread", "t", 0, ""}, {"span", "unheard of", i, ""}, {"other", NULL, 1, "bytes"}};
        profile_add_sample(profile, &unused, 1, (int64_t[]){1, 1}, labels, 3);
    }
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    profile_keep_labels(rest, NULL, 0);
    profile_drop_labels(rest, keys, 2);
    assert_int_equal(profile_decode(rest, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(values_of(rest, "f")[0], 5);
    for (uint32_t i = 0; i < rest->strings.strings.count; i++) {
        assert_string_not_equal(profile_string(rest, i), "unheard of");
    }
    struct profile_sample_view view;
    size_t labelled = 0;
    for (size_t i = 0; i < profile_sample_count(rest); i++) {
        assert_int_equal(profile_sample_at(rest, i, &view), MERGE_OK);
        for (size_t label = 0; label < view.label_count; label++) {
            assert_string_not_equal(view.labels[label].key, "span");
            labelled += strcmp(view.labels[label].key, "thread") == 0 || strcmp(view.labels[label].key, "other") == 0;
        }
    }
    assert_int_equal(labelled, 3); // thread and other of the one sample that is left of the five, and sample_profile's
    profile_free(rest);
    free(blob.bytes);
}

// A label that is known of an input as a whole: each sample of it has it, whichever are kept, and those of the next input have theirs.
TEST(given_label) {
    struct profile *profile = sample_profile(), *given = profile_new();
    size_t samples = profile_sample_count(profile);
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    const char *const hosts[] = {"db-1", "db-2", "db-1", NULL};
    profile_keep_labels(given, NULL, 0);
    for (int i = 0; i < 4; i++) {
        profile_give_label(given, hosts[i] ? "tag:host" : NULL, hosts[i]);
        assert_int_equal(profile_decode(given, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
    }
    struct profile_sample_view view;
    size_t of_hosts[3] = {0}; // none, db-1, db-2
    for (size_t i = 0; i < profile_sample_count(given); i++) {
        assert_int_equal(profile_sample_at(given, i, &view), MERGE_OK);
        assert_true(view.label_count <= 1);
        assert_true(view.label_count == 0 || strcmp(view.labels[0].key, "tag:host") == 0);
        of_hosts[view.label_count == 0 ? 0 : view.labels[0].text[3] - '0']++;
    }
    assert_true(of_hosts[0] > 0 && of_hosts[0] <= samples);
    assert_true(of_hosts[1] == of_hosts[0] && of_hosts[2] == of_hosts[0]);
    profile_free(given);
    free(blob.bytes);
}

// Labels with other keys and their strings are not read: samples that differ only in them are merged.
TEST(chosen_labels) {
    static const char *const keys[] = {"thread"};
    struct profile *profile = sample_profile(), *chosen = profile_new(), *bare = profile_new();
    uint32_t unused = add_frame(profile, 0, 7, "f");
    for (int i = 0; i < 5; i++) {
        struct profile_label labels[] = {{"thread", "t", 0, ""}, {"span", "unheard of", i, ""}, {"span", NULL, i, ""}};
        profile_add_sample(profile, &unused, 1, (int64_t[]){1, 1}, labels, 3);
    }
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    profile_keep_labels(chosen, keys, 1);
    profile_keep_labels(bare, NULL, 0);
    assert_int_equal(profile_decode(chosen, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_decode(bare, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(values_of(chosen, "f")[0], 5);
    assert_int_equal(values_of(bare, "f")[0], 5);
    for (uint32_t i = 0; i < chosen->strings.strings.count; i++) {
        assert_string_not_equal(profile_string(chosen, i), "unheard of");
    }
    struct profile_sample_view view;
    size_t labelled = 0;
    for (size_t i = 0; i < profile_sample_count(chosen); i++) {
        assert_int_equal(profile_sample_at(chosen, i, &view), MERGE_OK);
        labelled += view.label_count;
        assert_true(view.label_count == 0 || strcmp(view.labels[0].key, "thread") == 0);
        assert_int_equal(profile_sample_at(bare, i, &view), MERGE_OK);
        assert_int_equal(view.label_count, 0);
    }
    assert_int_equal(labelled, 2);
    profile_free(chosen);
    profile_free(bare);
    free(blob.bytes);
}

TEST(chosen_texts) {
    static const char *const keys[] = {"thread"};
    struct profile *profile = sample_profile(), *chosen = profile_new(); // has thread=t1 and size=64 bytes
    uint32_t unused = add_frame(profile, 0, 7, "f");
    profile_add_sample(profile, &unused, 1, (int64_t[]){1, 1}, (struct profile_label[]){{"size", "unheard of", 0, ""}}, 1);
    profile_add_sample(profile, &unused, 1, (int64_t[]){2, 2}, (struct profile_label[]){{"empty and unheard of", "", 0, ""}}, 1);
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    profile_keep_texts(chosen, keys, 1);
    assert_int_equal(profile_decode(chosen, blob.bytes, blob.size, NULL, NULL, NULL), MERGE_OK);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(chosen, 0, &view), MERGE_OK);
    assert_int_equal(view.label_count, 2);
    free(blob.bytes);
    blob = encode_and_free(chosen, MERGE_RAW);
    assert_null(memmem(blob.bytes, blob.size, "unheard of", 10));
    free(blob.bytes);
}

int main(void) {
    return tests_run();
}
