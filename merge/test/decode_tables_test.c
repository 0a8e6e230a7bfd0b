// Tests of decode_tables.c: errors name the entry with the invalid id, reference or value; packed and unpacked numbers are read.

#include "../../base/test/test.h"

#include "message.h"

#include "../profile.h"

TEST(ids) {
    struct wire_writer w = good_message();
    PUT(&w, 3, 2, 5);
    expect_fault(&w, MERGE_MALFORMED, "mapping 1: has no id");
    w = good_message();
    PUT(&w, 5, 1, 1);
    expect_fault(&w, MERGE_MALFORMED, "function 1: duplicate id 1");
    w = good_message();
    PUT(&w, 4, 1, UINT64_MAX);
    PUT(&w, 4, 1, UINT64_MAX);
    expect_fault(&w, MERGE_MALFORMED, "location 2: duplicate id 18446744073709551615");
    w = good_message();
    PUT(&w, 2, 2, 1, 1, 99);
    expect_fault(&w, MERGE_MALFORMED, "sample 0: location id 99 does not exist");
    w = good_message();
    PUT(&w, 2, 2, 1, 1, 0);
    expect_fault(&w, MERGE_MALFORMED, "sample 0: location id 0 does not exist");
    w = good_message();
    size_t location = wire_open(&w, 4);
    wire_write_number(&w, 1, 5);
    wire_write_bytes(&w, 4, "", 0);
    wire_close(&w, location);
    expect_fault(&w, MERGE_MALFORMED, "location 1: function id 0 does not exist");
}

// As in google/pprof, an unknown mapping id means no mapping.
TEST(mapping_that_is_not_there) {
    struct wire_writer w = good_message();
    PUT(&w, 4, 1, 2, 2, 9, 3, 0x55);
    PUT(&w, 2, 1, 2, 2, 1);
    struct profile *profile;
    struct profile_sample_view view;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_string_equal(view.frames[0].mapping_file, "");
    assert_int_equal(view.frames[0].file_offset, 0x55);
    profile_free(profile);
}

TEST(values) {
    struct wire_writer w = good_message();
    PUT(&w, 2, 1, 1);
    expect_fault(&w, MERGE_MALFORMED, "sample 0: 0 values for 1 sample types");
    w = good_message();
    PUT(&w, 2, 1, 1, 2, 1);
    PUT(&w, 2, 1, 1, 2, 1, 2, 1);
    expect_fault(&w, MERGE_MALFORMED, "sample 1: more than 1 values, one per sample type");
    put_text(&w, "");
    PUT(&w, 2, 2, 1);
    expect_fault(&w, MERGE_MALFORMED, "samples, but no sample types");
    w = good_message();
    wire_write_bytes(&w, 2, "\x12\x01\x80", 3);
    expect_fault(&w, MERGE_MALFORMED, "sample 0: bad varint in field 2");
    w = good_message();
    wire_write_bytes(&w, 2, "\x10\x01\x1a\x02\x08\x07", 6);
    expect_fault(&w, MERGE_MALFORMED, "sample 0: string 7 of 3 does not exist");
    w = good_message();
    wire_write_bytes(&w, 2, "\x18\x01", 2);
    expect_fault(&w, MERGE_MALFORMED, "sample 0: a label is not a message");
    w = good_message();
    wire_write_bytes(&w, 4, "\x20\x01", 2);
    expect_fault(&w, MERGE_MALFORMED, "location 1: a line is not a message");
}

TEST(packed_unpacked_and_mixed) {
    struct wire_writer w = good_message();
    wire_write_bytes(&w, 2, "\x0a\x02\x01\x01\x12\x01\x05", 7);     // packed
    wire_write_bytes(&w, 2, "\x08\x01\x08\x01\x10\x06", 6);         // unpacked
    wire_write_bytes(&w, 2, "\x08\x01\x0a\x01\x01\x12\x01\x07", 8); // both
    struct profile *profile;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(*profile_sample_values(profile, 0), 5 + 6 + 7);
    profile_free(profile);
}

TEST(equal_entries_under_two_ids_are_one) {
    struct wire_writer w = good_message();
    PUT(&w, 4, 1, 77, 2, 1, 3, 0x1234);
    PUT(&w, 2, 1, 1, 2, 5);
    PUT(&w, 2, 1, 77, 2, 6);
    struct profile *profile;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(*profile_sample_values(profile, 0), 11);
    profile_free(profile);
}

// Inlined frames count: 3 locations of 3 lines are 9 frames.
TEST(depth_limit) {
    struct merge_limits tight = merge_default_limits;
    for (size_t limit = 8; limit <= 9; limit++) {
        struct wire_writer w = good_message();
        size_t location = wire_open(&w, 4);
        wire_write_number(&w, 1, 5);
        for (int i = 0; i < 3; i++) {
            wire_write_bytes(&w, 4, "\x08\x01", 2);
        }
        wire_close(&w, location);
        PUT(&w, 2, 1, 5, 1, 5, 1, 5, 2, 1);
        struct profile *profile;
        struct merge_fault fault;
        tight.depth_frames = limit;
        assert_int_equal(decode_message(&w, &tight, &profile, &fault), limit == 8 ? MERGE_TOO_LARGE : MERGE_OK);
        if (limit == 8) {
            assert_non_null(strstr(fault.text, "sample 0: 9 frames, limit 8"));
        }
        profile_free(profile);
    }
}

// Duplicate samples count, since they must be read too.
TEST(total_limit) {
    struct merge_limits tight = merge_default_limits;
    for (size_t limit = 5; limit <= 6; limit++) {
        struct wire_writer w = good_message();
        for (int i = 0; i < 3; i++) {
            PUT(&w, 2, 1, 1, 1, 1, 2, 1);
        }
        struct profile *profile;
        struct merge_fault fault;
        tight.total_frames = limit;
        assert_int_equal(decode_message(&w, &tight, &profile, &fault), limit == 5 ? MERGE_TOO_LARGE : MERGE_OK);
        if (limit == 5) {
            assert_non_null(strstr(fault.text, "sample 2: more than 5 frames in all samples"));
        }
        profile_free(profile);
    }
    assert_true(merge_default_limits.total_frames > 100000 * 512);
}

TEST(text_wins_over_number) {
    struct wire_writer w = good_message();
    wire_write_bytes(&w, 2, "\x10\x01\x1a\x08\x08\x01\x10\x02\x18\x07\x20\x02", 12);
    wire_write_bytes(&w, 2, "\x10\x01\x1a\x06\x08\x01\x18\x07\x20\x02", 10);
    struct profile *profile;
    struct profile_sample_view view;
    assert_int_equal(decode_message(&w, NULL, &profile, NULL), MERGE_OK);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_string_equal(view.labels[0].key, "a");
    assert_string_equal(view.labels[0].text, "b");
    assert_int_equal(view.labels[0].number, 0);
    assert_int_equal(profile_sample_at(profile, 1, &view), MERGE_OK);
    assert_null(view.labels[0].text);
    assert_int_equal(view.labels[0].number, 7);
    assert_string_equal(view.labels[0].unit, "b");
    profile_free(profile);
}

// ---- Namer ----

static size_t asked;

static size_t name_all(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                       struct profile_line lines[PROFILE_NAMER_LINES]) {
    asked++;
    assert_string_equal(context, "context");
    assert_string_equal(mapping->build_id, "ab12");
    if (address != 0x1234) {
        return 0;
    }
    lines[0] = (struct profile_line){profile_add_function(profile, &(struct profile_function){"inlined", "", "a.c", 1}), 2, 0};
    lines[1] = (struct profile_line){profile_add_function(profile, &(struct profile_function){"outer", "", "a.c", 3}), 4, 0};
    return 2;
}

TEST(nameless_locations_are_given_to_the_namer) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "space", "bytes");
    uint32_t mapping = profile_add_mapping(profile, &(struct profile_mapping){0x1000, 0x2000, 0x100, "/lib/libx.so", "ab12", 0, 0, 0, 0});
    uint32_t stand_in = profile_add_function(profile, &(struct profile_function){"libx.so+0x344", "", "", 0});
    uint32_t named = profile_add_function(profile, &(struct profile_function){"libx.so+0x345", "", "", 0});
    uint32_t locations[] = {
        profile_add_location(profile, mapping, 0x1234, NULL, 0),
        profile_add_location(profile, mapping, 0x1244, &(struct profile_line){stand_in, 0, 0}, 1),
        profile_add_location(profile, mapping, 0x1254, &(struct profile_line){named, 0, 0}, 1), // of another offset: a real name
        profile_add_location(profile, 0, 0x1234, NULL, 0),
        profile_add_location(profile, mapping, 0, NULL, 0),
    };
    profile_add_sample(profile, locations, 5, (int64_t[]){7}, NULL, 0);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    profile_free(profile);
    profile = profile_new();
    asked = 0;
    profile_set_namer(profile, &(struct profile_namer){.name = name_all, .context = "context"});
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(asked, 2);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    static const char *const functions[] = {"inlined", "outer", "libx.so+0x344", "libx.so+0x345", "", ""};
    assert_int_equal(view.frame_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(view.frames[i].function, functions[i]);
    }
    assert_int_equal(view.frames[1].line, 4);
    profile_set_namer(profile, NULL);
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(asked, 2);
    profile_free(profile);
    free(bytes);
}

static uint32_t map_some(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address) {
    assert_string_equal(context, "context");
    assert_string_equal(mapping->file, address == 5 ? "" : "/lib/libx.so");
    return address == 0x1234 ? 0 : profile_add_mapping(profile, &(struct profile_mapping){.memory_limit = 0x9000, .file = "other"});
}

static size_t name_every(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                         struct profile_line lines[PROFILE_NAMER_LINES]) {
    (void)context;
    asked++;
    assert_string_equal(mapping->file, address == 0x1234 ? "/lib/libx.so" : "other"); // as mapped
    lines[0] = (struct profile_line){profile_add_function(profile, &(struct profile_function){"new", "", "", 0}), 0, 0};
    return address != 0x1244;
}

TEST(a_namer_may_get_all_locations_and_map_them) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "space", "bytes");
    uint32_t mapping = profile_add_mapping(profile, &(struct profile_mapping){0x1000, 0x2000, 0x100, "/lib/libx.so", "ab12", 0, 0, 0, 0});
    const struct profile_line line = {profile_add_function(profile, &(struct profile_function){"old", "", "", 0}), 3, 0};
    uint32_t locations[] = {
        profile_add_location(profile, mapping, 0x1234, &line, 1), profile_add_location(profile, mapping, 0x1244, &line, 1),
        profile_add_location(profile, 0, 5, &line, 1), profile_add_location(profile, 0, 0, &line, 1), // no address
    };
    profile_add_sample(profile, locations, 4, (int64_t[]){7}, NULL, 0);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    profile_free(profile);
    profile = profile_new();
    asked = 0;
    profile_set_namer(profile, &(struct profile_namer){name_every, "context", true, map_some});
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(asked, 3);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    static const char *const functions[] = {"new", "old", "new", "old"}, *const files[] = {"/lib/libx.so", "other", "other", ""};
    assert_int_equal(view.frame_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(view.frames[i].function, functions[i]);
        assert_string_equal(view.frames[i].mapping_file, files[i]);
    }
    profile_free(profile);
    free(bytes);
}

int main(void) {
    return tests_run();
}
