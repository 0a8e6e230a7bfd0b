// Tests of delta_write.c: unknown fields and the new profile's header are kept, ids are 1..n, unused entries are dropped, duplicates
// merged.

#include "../../base/test/test.h"

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
    if (delta_step(delta, w->bytes, w->size, MERGE_RAW, &out, &blob.size, &fault) != MERGE_OK) {
        fail_msg("%s", fault.text);
    }
    blob.bytes = malloc(blob.size + 1);
    memcpy(blob.bytes, out, blob.size);
    wire_free(w);
    return blob;
}

static bool has(struct blob blob, const char *text) {
    return memmem(blob.bytes, blob.size, text, strlen(text));
}

TEST(only_what_is_used) {
    struct delta *delta = delta_new((const char *const[]){"a"}, 1);
    struct wire_writer w = with_samples(5, 6, 100);
    struct blob out = step(delta, &w);
    struct profile *profile = decode_or_fail(out);
    assert_int_equal(profile_sample_count(profile), 2);
    assert_int_equal(*profile_sample_values(profile, 0), 10);
    assert_int_equal(*profile_sample_values(profile, 1), 6);
    assert_int_equal(profile->locations.count - 1, 2); // without the one with the id 1000
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

TEST(unknown_fields_stay) {
    struct delta *delta = delta_new((const char *const[]){"a"}, 1);
    for (int i = 0; i < 2; i++) {
        struct wire_writer w = with_samples(5 + i, 6, 100);
        wire_write_bytes(&w, 99, "profile", 7);
        wire_write_bytes(&w, 2, "\x08\x01\x10\x01\xa2\x06\x06sample", 13);
        struct blob out = step(delta, &w);
        assert_true(has(out, "profile"));
        assert_true(has(out, "only2"));          // an unknown field may refer to any string
        assert_int_equal(has(out, "sample"), 0); // a duplicate of the first sample, which is the one written
        free(out.bytes);
    }
    delta_free(delta);
}

// ---- Ids ----

static void collect(struct blob blob, uint32_t field, uint64_t *ids, size_t *count) {
    struct wire wire = {blob.bytes, blob.bytes + blob.size};
    struct wire_field outer = {0}, inner = {0};
    while (wire.at < wire.end && wire_next(&wire, &outer) == WIRE_OK) {
        if (outer.number != field) {
            continue;
        }
        assert_true(*count < 16);
        while (outer.bytes.at < outer.bytes.end && wire_next(&outer.bytes, &inner) == WIRE_OK) {
            if (inner.number == 1) {
                ids[(*count)++] = inner.value;
            }
        }
    }
}

// Mappings, locations and functions must have ids 1..n in any order: google/pprof gives entries it adds the id n+1.
static void assert_dense(struct blob blob, size_t mappings, size_t locations, size_t functions) {
    const size_t wanted[] = {[3] = mappings, [4] = locations, [5] = functions};
    for (uint32_t field = 3; field <= 5; field++) {
        uint64_t ids[16];
        size_t count = 0;
        bool seen[17] = {0};
        collect(blob, field, ids, &count);
        assert_int_equal(count, wanted[field]);
        for (size_t i = 0; i < count; i++) {
            assert_in_range(ids[i], 1, count);
            assert_false(seen[ids[i]]);
            seen[ids[i]] = true;
        }
    }
}

// Ids with gaps and out of order, two equal functions, a location of two lines; then a delta that uses some of them.
static struct wire_writer sparse(int64_t one, int64_t two) {
    struct wire_writer w = good_message();
    put_text(&w, "f"); // 3
    put_text(&w, "g"); // 4
    PUT(&w, 3, 1, UINT64_MAX, 2, 0x1000, 3, 0x2000, 5, 3);
    PUT(&w, 3, 1, 70, 2, 0x3000, 3, 0x4000, 5, 4);
    PUT(&w, 5, 1, 900, 2, 3);
    PUT(&w, 5, 1, 30, 2, 4);
    PUT(&w, 5, 1, 20, 2, 4);                                                                 // equal to 30
    wire_write_bytes(&w, 4, "\x08\x50\x10\x46\x22\x03\x08\x84\x07\x22\x02\x08\x14", 13);     // 80: mapping 70, lines 900, 20
    wire_write_bytes(&w, 4, "\x08\x28\x10\x46\x22\x02\x08\x1e\x22\x04\x10\x07\x08\x1e", 14); // 40: mapping 70, 30, 30 at line 7
    uint8_t sample[] = {0x0a, 2, 80, 40, 0x12, 1, 0};
    sample[6] = (uint8_t)one;
    wire_write_bytes(&w, 2, sample, sizeof sample);
    uint8_t other[] = {8, 40, 16, 0, 0xa2, 6, 3, 'n', 'e', 'w'}; // ref and value unpacked, an unknown field
    other[3] = (uint8_t)two;
    wire_write_bytes(&w, 2, other, sizeof other);
    return w;
}

TEST(ids_have_no_gaps) {
    struct delta *delta = delta_new((const char *const[]){"a"}, 1);
    struct wire_writer w = sparse(5, 6);
    struct blob out = step(delta, &w);
    assert_dense(out, 2, 2, 2); // nothing uses the entries of good_message, except the mapping
    free(out.bytes);
    w = sparse(5, 9);
    out = step(delta, &w);
    assert_dense(out, 2, 1, 1);
    assert_true(has(out, "new"));
    struct profile *profile = decode_or_fail(out);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_int_equal(*view.values, 3);
    assert_int_equal(view.frame_count, 2);
    assert_string_equal(view.frames[0].function, "g");
    assert_int_equal(view.frames[1].line, 7);
    assert_string_equal(view.frames[0].mapping_file, "g");
    profile_free(profile);
    free(out.bytes);
    delta_free(delta);
}

int main(void) {
    return tests_run();
}
