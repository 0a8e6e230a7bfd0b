// Tests of mapping.c: mappings of one process stay separate, the same library in two processes is merged.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../profile.h"

static struct profile *with_mappings(const struct profile_mapping *mappings, size_t count) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "a", "count");
    for (size_t i = 0; i < count; i++) {
        uint32_t mapping = profile_add_mapping(profile, &mappings[i]);
        uint32_t location = profile_add_location(profile, mapping, mappings[i].memory_start + 0x10, NULL, 0);
        profile_add_sample(profile, &location, 1, (int64_t[]){1 + (int64_t)i}, NULL, 0);
    }
    return profile;
}

static struct profile *merged(const struct profile_mapping *a, size_t a_count, const struct profile_mapping *b, size_t b_count) {
    struct blob first = encode_and_free(with_mappings(a, a_count), MERGE_RAW),
                second = encode_and_free(with_mappings(b, b_count), MERGE_RAW);
    struct profile *profile = decode_or_fail(first);
    assert_int_equal(profile_decode(profile, second.bytes, second.size, NULL, NULL, NULL), MERGE_OK);
    free(first.bytes);
    free(second.bytes);
    return profile;
}

static const struct profile_mapping here = {.memory_start = 0x10000, .memory_limit = 0x14000, .file_offset = 0x1000, .file = "/lib/a.so"};

TEST(of_one_process_stay_apart) {
    struct profile_mapping twice[2] = {here, here};
    twice[1].memory_start += 0x100000;
    twice[1].memory_limit += 0x100000;
    struct profile *profile = merged(twice, 2, twice, 2);
    assert_int_equal(profile->mappings.count - 1, 2);
    assert_int_equal(profile_sample_count(profile), 2);
    assert_int_equal(*profile_sample_values(profile, 0), 2);
    assert_int_equal(*profile_sample_values(profile, 1), 4);
    profile_free(profile);
    // The second process has them in reverse order: equal mappings are matched before similar ones.
    struct profile_mapping turned[2] = {twice[1], twice[0]};
    profile = merged(twice, 2, turned, 2);
    assert_int_equal(profile->mappings.count - 1, 2);
    assert_int_equal(*profile_sample_values(profile, 0), 3);
    assert_int_equal(*profile_sample_values(profile, 1), 3);
    profile_free(profile);
}

// The mapping of an input that proves malformed must not become the first one, nor the library's address.
TEST(of_a_wrong_input_are_forgotten) {
    struct profile_mapping maps[2] = {here, here};
    maps[0].memory_start += 0x7000000, maps[0].memory_limit += 0x7000000;
    struct blob bad = encode_and_free(with_mappings(maps, 1), MERGE_RAW), good = encode_and_free(with_mappings(&maps[1], 1), MERGE_RAW);
    bad.bytes = realloc(bad.bytes, bad.size + 4);
    memcpy(bad.bytes + bad.size, "\x12\x02\x08\x63", 4); // a sample with the location 99
    struct profile *profile = profile_new();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(profile_decode(profile, bad.bytes, bad.size + 4, NULL, NULL, NULL), MERGE_MALFORMED);
        assert_int_equal(profile_decode(profile, good.bytes, good.size, NULL, NULL, NULL), MERGE_OK);
        assert_int_equal(profile->mappings.count - 1, 1);
        assert_int_equal(profile_mapping(profile, 1)->start, here.memory_start);
    }
    struct blob out = encode_and_free(profile, MERGE_RAW);
    profile = decode_or_fail(out);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(*profile_sample_values(profile, 0), 3);
    assert_int_equal(profile_location(profile, 1)->address, here.memory_start + 0x10);
    profile_free(profile);
    free(bad.bytes), free(good.bytes), free(out.bytes);
}

TEST(built_and_decoded_of_one_process_are_one) {
    struct blob go = encode_and_free(with_mappings(&here, 1), MERGE_GZIP);
    struct profile *profile = decode_or_fail(go);
    assert_int_equal(profile_add_mapping(profile, &here), 1);
    profile_free(profile);
    free(go.bytes);
}

TEST(of_two_processes_are_moved_together) {
    struct profile_mapping elsewhere = here;
    elsewhere.memory_start += 0x7000000;
    elsewhere.memory_limit += 0x7000000 - 5; // the same number of pages
    struct profile *profile = merged(&here, 1, &elsewhere, 1);
    assert_int_equal(profile->mappings.count - 1, 1);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(*profile_sample_values(profile, 0), 2);
    assert_true(profile_location(profile, 1)->address == 0x10010);
    profile_free(profile);
}

TEST(what_differs_stays_apart) {
    struct profile_mapping others[5] = {here, here, here, here, here};
    for (int i = 0; i < 5; i++) {
        others[i].memory_start += 0x500000 * (i + 1);
        others[i].memory_limit += 0x500000 * (i + 1);
    }
    others[0].file = "/lib/b.so";
    others[1].file_offset = 0;
    others[2].memory_limit += 0x1000;
    others[3].build_id = "feed";
    others[4].file = ""; // unidentified
    struct profile *profile = merged(&here, 1, others, 5);
    assert_int_equal(profile->mappings.count - 1, 6);
    profile_free(profile);
    struct profile_mapping nameless[2] = {others[4], others[4]};
    nameless[1].memory_start += 0x900000;
    nameless[1].memory_limit += 0x900000;
    profile = merged(&nameless[0], 1, &nameless[1], 1);
    assert_int_equal(profile->mappings.count - 1, 2);
    profile_free(profile);
}

// A file named like another mapping's build ID does not match it.
TEST(name_and_build_id_are_not_mixed_up) {
    struct profile_mapping a = here, b = here;
    a.file = "", a.build_id = "feed";
    b.file = "feed", b.build_id = "";
    b.memory_start += 0x100000, b.memory_limit += 0x100000;
    struct profile *profile = merged(&a, 1, &b, 1);
    assert_int_equal(profile->mappings.count - 1, 2);
    profile_free(profile);
}

// 20,000 similar mappings, in two inputs at different addresses: matched in order, and in linear time (else this takes minutes).
TEST(many_that_are_alike) {
    enum { COUNT = 20000 };
    struct profile_mapping *a = calloc(COUNT, sizeof *a), *b = calloc(COUNT, sizeof *b);
    for (uint64_t i = 0; i < COUNT; i++) {
        a[i] = b[i] = here;
        a[i].memory_start = i << 20, a[i].memory_limit = (i << 20) + 0x4000;
        b[i].memory_start = (i + 7 * COUNT) << 20, b[i].memory_limit = b[i].memory_start + 0x4000;
    }
    struct profile *profile = merged(a, COUNT, b, COUNT);
    assert_int_equal(profile->mappings.count - 1, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(*profile_sample_values(profile, i), 2 * (i + 1));
    }
    profile_free(profile);
    free(a);
    free(b);
}

int main(void) {
    return tests_run();
}
