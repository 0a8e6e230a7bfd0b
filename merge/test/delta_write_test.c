// Tests of delta_write.c: ids, unknown fields and header of the new profile stay, what nothing uses goes, duplicates are one.
#include "message.h"

#include "../profile.h"

static struct wire_writer with_samples(int first, int second, int time) {
    struct wire_writer w = good_message();
    put_text(&w, "only2"); // 3
    PUT(&w, 5, 1, 9, 2, 3);
    PUT(&w, 4, 1, 1000, 3, 0x99);
    wire_write_bytes(&w, 4, "\x08\x02\x22\x02\x08\x09", 6); // location 2, one line of function 9
    char one[] = {8, 1, 16, (char)first}, two[] = {8, 2, 16, (char)second};
    wire_write_bytes(&w, 2, one, 4);
    wire_write_bytes(&w, 2, two, 4);
    wire_write_bytes(&w, 2, one, 4);
    wire_write_number(&w, 9, (uint64_t)time);
    wire_write_number(&w, 10, 77);
    return w;
}

static struct blob step(struct delta *delta, struct wire_writer *w) {
    const uint8_t *out;
    struct blob blob;
    struct merge_fault fault;
    if (delta_step(delta, w->bytes, w->size, MERGE_RAW, &out, &blob.size, &fault) != MERGE_OK)
        fail_msg("%s", fault.text);
    blob.bytes = malloc(blob.size + 1);
    memcpy(blob.bytes, out, blob.size);
    free(w->bytes);
    return blob;
}

static bool has(struct blob blob, const char *text) {
    return memmem(blob.bytes, blob.size, text, strlen(text)) != NULL;
}

static void only_what_is_used(void **state) {
    (void)state;
    struct delta *delta = delta_new((const char *const[]){"a"}, 1);
    struct wire_writer w = with_samples(5, 6, 100);
    struct blob out = step(delta, &w);
    struct profile *profile = decode_or_fail(out);
    assert_int_equal(profile_sample_count(profile), 2);
    assert_int_equal(*profile_sample_values(profile, 0), 10);
    assert_int_equal(*profile_sample_values(profile, 1), 6);
    assert_int_equal(profile->locations.count - 1, 2); // not the one with the id 1000
    assert_int_equal(profile_duration_ns(profile), 77);
    assert_true(has(out, "only2"));
    profile_free(profile);
    free(out.bytes);
    w = with_samples(9, 6, 150);
    out = step(delta, &w);
    profile = decode_or_fail(out);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(*profile_sample_values(profile, 0), 8);
    assert_int_equal(profile->functions.count - 1, 0);
    assert_int_equal(profile->mappings.count - 1, 1); // the first stays
    assert_int_equal(profile_duration_ns(profile), 50);
    assert_false(has(out, "only2"));
    profile_free(profile);
    free(out.bytes);
    delta_free(delta);
}

static void unknown_fields_stay(void **state) {
    (void)state;
    struct delta *delta = delta_new((const char *const[]){"a"}, 1);
    for (int i = 0; i < 2; i++) {
        struct wire_writer w = with_samples(5 + i, 6, 100);
        wire_write_bytes(&w, 99, "profile", 7);
        wire_write_bytes(&w, 2, "\x08\x01\x10\x01\xa2\x06\x06sample", 13);
        struct blob out = step(delta, &w);
        assert_true(has(out, "profile"));
        assert_true(has(out, "only2"));          // an unknown field may name any string
        assert_int_equal(has(out, "sample"), 0); // it is the duplicate of the first one, which is written as it came first
        free(out.bytes);
    }
    delta_free(delta);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_is_used), cmocka_unit_test(unknown_fields_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
