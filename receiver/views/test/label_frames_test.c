// label_frames_test.c: frames from labels, and profiles with frames of their own.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../label_frames.h"

static struct profile *events(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "timeline", "nanoseconds");
    return profile;
}

// With an empty location, as dd-trace sends it.
static void add_event(struct profile *profile, int64_t value, const struct profile_label *labels, size_t count) {
    uint32_t location = profile_add_location(profile, 0, 0, NULL, 0);
    profile_add_sample(profile, &location, 1, VALUES(value), labels, count);
}

// "leaf<caller" of the sample with the value.
static void expect_stack(struct profile *profile, int64_t value, const char *stack) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        char text[500] = "";
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        for (size_t k = 0; k < sample.frame_count; k++) {
            strcat(strcat(text, k ? "<" : ""), sample.frames[k].function);
        }
        if (sample.values[0] == value) {
            assert_string_equal(text, stack);
            return;
        }
    }
    fail_msg("no sample has %lld", (long long)value);
}

TEST(events) {
    struct profile *profile = events();
    struct profile_label read[] = {{"path", "/etc/hosts", 0, ""}, {"event", "fs", 0, ""},           {"end_timestamp_ns", NULL, 17, ""},
                                   {"span id", "9", 0, ""},       {"operation", "readFile", 0, ""}, {"fd", NULL, 3, ""}};
    struct profile_label gc[] = {{"gc type", "minor", 0, ""}, {"event", "gc", 0, ""}};
    struct profile_label dns[] = {{"host", "b", 0, ""}, {"event", "dns", 0, ""}, {"address", "a", 0, ""}, {"empty", "", 0, ""}};
    add_event(profile, 1, read, 6);
    add_event(profile, 2, gc, 2);
    add_event(profile, 4, dns, 4);
    add_event(profile, 8, NULL, 0);
    profile_set_time(profile, 5, 6);
    profile_add_comment(profile, "cmemprof: warning: all figures are too low");
    assert_int_equal(label_frames_give(&profile), MERGE_OK);
    const char *warnings[2];
    assert_int_equal(profile_warnings(profile, warnings, 2), 1);
    assert_string_equal(warnings[0], "all figures are too low");
    expect_stack(profile, 1, "path: /etc/hosts<readFile<fs");
    expect_stack(profile, 2, "minor<gc");
    expect_stack(profile, 4, "host: b<address: a<dns");
    expect_stack(profile, 8, "");
    assert_true(profile_time_ns(profile) == 5 && profile_duration_ns(profile) == 6);
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.label_count, 6);
    assert_false(label_frames_fit(profile)); // now it has frames
    profile_free(profile);
}

TEST(others_stay) {
    struct profile_label event = {"event", "fs", 0, ""}, other = {"thread name", "main", 0, ""};
    struct profile *profile = events();
    struct profile *before = profile;
    add_event(profile, 1, &other, 1); // without an event
    assert_int_equal(label_frames_give(&profile), MERGE_OK);
    add_event(profile, 2, &event, 1);
    uint32_t location = add_frame(profile, "f", "/f.js");
    profile_add_sample(profile, &location, 1, VALUES(4), NULL, 0); // with a frame
    assert_int_equal(label_frames_give(&profile), MERGE_OK);
    assert_ptr_equal(profile, before);
    profile_free(profile);
    profile = before = events();
    uint32_t mapping = profile_add_mapping(profile, &(struct profile_mapping){.memory_limit = 0x100, .file = "/bin/x", .build_id = ""});
    location = profile_add_location(profile, mapping, 0x10, NULL, 0);
    profile_add_sample(profile, &location, 1, VALUES(4), &event, 1); // of a file, which may have symbols
    assert_int_equal(label_frames_give(&profile), MERGE_OK);
    assert_ptr_equal(profile, before);
    profile_free(profile);
    profile = events();
    assert_int_equal(label_frames_give(&profile), MERGE_OK); // nothing
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
