// recording_test.c: which sample type is shown of recordings, and which values --type takes. Reading them is in convert_command_test.c.

#include "../../../base/test/test.h"

#include "../diagnostic.h"
#include "../recording.h"

TEST(kinds_are_no_sample_types) {
    struct recordings recordings = {.count = 1};
    struct options options = {.recordings = &recordings};
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "contentions", "count");
    profile_add_sample_type(profile, "delay", "nanoseconds");
    assert_null(recording_shown_type(&options, profile, "lock"));
    assert_string_equal(recording_shown_type(&options, profile, "delay"), "delay");
    assert_string_equal(recording_shown_type(&options, profile, "other"), "other");
    assert_null(recording_shown_type(&options, profile, NULL));
    recordings.count = 0; // profiles only: lock is a sample type that they lack
    assert_string_equal(recording_shown_type(&options, profile, "lock"), "lock");
    profile_free(profile);
}

TEST(kinds_and_their_sample_types_are_taken) {
    struct recordings recordings = {0};
    assert_int_equal(recording_take_type("merge", "file-io", &recordings), STATUS_DONE);
    assert_string_equal(recordings.type, "file-io");
    assert_int_equal(recording_take_type("merge", "socket_bytes", &recordings), STATUS_DONE);
    assert_int_equal(recording_take_type("merge", "bread", &recordings), STATUS_USAGE);
}

int main(void) {
    return tests_run();
}
