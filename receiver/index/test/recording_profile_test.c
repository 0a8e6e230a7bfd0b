// recording_profile_test.c: recordings are opened or refused with the reason, and all of their profiles are one, with types of their own.

#include "../../../base/test/test.h"

#include "../../../jfr/test/maker.h"

#include "../../../merge/merge.h"
#include "../recording_profile.h"
#include "real_recording.h"

TEST(opened_or_refused) {
    struct maker maker;
    struct jfr *jfr = NULL;
    char text[200] = "";
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.Sample", "event", "");
    maker_begin(&maker);
    maker_event(&maker, "app.Sample"), maker_end(&maker);
    maker_finish(&maker);
    assert_int_equal(recording_open(maker.bytes, maker.size, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(jfr_type_named(jfr, "app.Sample")->count, 1);
    jfr_close(jfr);
    maker_free(&maker);
    assert_int_equal(recording_open("no recording", 12, &jfr, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "not a readable recording: less than the header of a chunk at byte 0");
    assert_int_equal(recording_error(JFR_NO_MEMORY), RECEIVER_NO_MEMORY);
    assert_int_equal(recording_error(JFR_TOO_LARGE), RECEIVER_TOO_LARGE);
}

// The totals of all kinds' own profiles, under the names of the whole.
static void compare(const char *name, const char *const types[JFR_KINDS][JFR_COLUMNS]) {
    struct recording file = real_recording(name);
    struct jfr *jfr;
    struct totals totals;
    struct profile *profiles[JFR_KINDS];
    uint8_t *bytes;
    size_t size, expected = 0;
    char text[200] = "";
    assert_int_equal(recording_open(file.bytes, file.size, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(recording_profile(jfr, 0, &bytes, &size), RECEIVER_OK);
    assert_int_equal(totals_read(bytes, size, NULL, &totals, NULL), MERGE_OK);
    assert_int_equal(jfr_profiles(jfr, (1U << JFR_KINDS) - 1, 0, profiles), JFR_OK);
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        const struct jfr_column *columns;
        size_t count = jfr_kind_columns(kind, &columns);
        for (size_t column = 0; jfr_kind_events(jfr, kind) > 0 && column < count; column++, expected++) {
            int64_t sum = 0;
            struct profile_sample_view sample;
            for (size_t i = 0; i < profile_sample_count(profiles[kind]); i++) {
                assert_int_equal(profile_sample_without_frames(profiles[kind], i, &sample), MERGE_OK);
                sum += sample.values[column];
            }
            const struct totals_type *type = totals_find(&totals, types[kind][column]);
            assert_non_null(type);
            assert_string_equal(type->unit, columns[column].unit);
            assert_true(type->total == sum);
        }
        profile_free(profiles[kind]);
    }
    assert_true(expected >= 8);
    assert_int_equal(totals.type_count, expected);
    assert_string_equal(totals.types[totals.type_count - 1].name, "cpu"); // the default
    jfr_close(jfr);
    free(bytes);
    free(file.bytes);
}

#define COMMON                                                                                                                             \
    [JFR_CPU] = {"cpu_samples", "cpu"}, [JFR_WALL] = {"wall_samples", "wall"}, [JFR_ALLOCATION] = {"alloc_samples", "alloc_space"},        \
    [JFR_LOCK] = {"lock_contentions", "lock_time"}, [JFR_EXCEPTION] = {"exceptions"},                                                      \
    [JFR_FILE_IO] = {"file_operations", "file_bytes", "file_time"},                                                                        \
    [JFR_SOCKET_IO] = {"socket_operations", "socket_bytes", "socket_time"}, [JFR_CLASS_LOAD] = {"class_loads", "class_load_time"},         \
    [JFR_NATIVE_WALL] = {"native_samples", "native_wall"}, [JFR_NATIVE_ALLOCATION] = {"native_alloc_samples", "native_alloc_space"}

TEST(one_profile_has_all) {
    static const char *const types[JFR_KINDS][JFR_COLUMNS] = {COMMON, [JFR_HEAP_LIVE] = {"old_objects", "old_object_space"}};
    compare("jdk-17", types);
    compare("jdk-25", types);
    compare("async-profiler-4.6", types);
}

// Java's frames are told from others, and keep their lines; labels stay.
TEST(frames_and_labels) {
    struct recording file = real_recording("jdk-17");
    struct profile *profile = profile_new();
    struct profile_sample_view sample;
    struct jfr *jfr;
    uint8_t *bytes;
    size_t size, found = 0;
    char text[200] = "";
    assert_int_equal(recording_open(file.bytes, file.size, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(recording_profile(jfr, 0, &bytes, &size), RECEIVER_OK);
    jfr_close(jfr);
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        if (strcmp(sample.frames[0].function, "Load.plantedLock") == 0) {
            assert_string_equal(sample.frames[0].mapping_file, PROFILE_JAVA_MAPPING);
            assert_true(sample.frames[0].line > 0);
            assert_true(profile_sample_has_label(&sample, "lock class", "java.lang.Object"));
            found++;
        }
    }
    assert_true(found > 0);
    profile_free(profile);
    free(bytes);
    free(file.bytes);
}

int main(void) {
    return tests_run();
}
