// view_test.c: sample types as JSON, and the reason if the input is no profile.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../../../merge/profile.h"
#include "../view.h"

TEST(types) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc /c/malloc.c", "main.a /a.go"), VALUES(10, 1000, 1, 100), true);
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(20, 2000, 2, 200), false);
    profile->default_type = profile_intern_string(profile, "alloc_space", strlen("alloc_space"));
    profile_set_time(profile, 5, 6);
    struct blob blob = finish(profile);
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(view_types(blob.bytes, blob.size, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$",
              "{\"samples\":2,\"c_samples\":1,\"time_ns\":5,\"duration_ns\":6,\"default_type\":\"inuse_space\",\"types\":["
              "{\"type\":\"alloc_objects\",\"unit\":\"count\",\"total\":30,\"c_total\":10,\"gauge\":false},"
              "{\"type\":\"alloc_space\",\"unit\":\"bytes\",\"total\":3000,\"c_total\":1000,\"gauge\":false},"
              "{\"type\":\"inuse_objects\",\"unit\":\"count\",\"total\":3,\"c_total\":1,\"gauge\":true},"
              "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":300,\"c_total\":100,\"gauge\":true}],\"warnings\":[]}");
    json_free(&json);
    free(blob.bytes);
}

// A recording's profile has some for each kind.
TEST(many_warnings) {
    enum { MANY = 20 };
    struct profile *profile = new_heap_profile();
    for (int i = 0; i < MANY; i++) {
        char comment[80];
        snprintf(comment, sizeof comment, "cmemprof: warning: %c is missing", 'a' + i);
        profile_add_comment(profile, comment);
    }
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(20, 2000, 2, 200), false);
    struct blob blob = finish(profile);
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(view_types(blob.bytes, blob.size, &json, text, sizeof text), RECEIVER_OK);
    for (int i = 0; i < MANY; i++) {
        char path[40], expected[40];
        snprintf(path, sizeof path, "$.warnings[%d]", i);
        snprintf(expected, sizeof expected, "%c is missing", 'a' + i);
        expect_at(&json, path, expected);
    }
    json_free(&json);
    free(blob.bytes);
}

// A few bytes that stand for 10^9 frames are refused before any is decoded.
TEST(many_frames) {
    struct profile *profile = profile_new();
    struct profile_line *lines = calloc(9999, sizeof *lines);
    struct json json = {0};
    char text[200] = "";
    profile_add_sample_type(profile, "inuse_space", "bytes");
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = ""});
    for (int i = 0; i < 9999; i++) {
        lines[i].function = function;
    }
    uint32_t location = profile_add_location(profile, 0, 0, lines, 9999);
    for (int i = 0; i < 10000; i++) {
        struct profile_label label = {"n", NULL, i + 1, ""};
        profile_add_sample(profile, &location, 1, VALUES(1), &label, 1);
    }
    struct blob blob = finish(profile);
    assert_int_equal(view_types(blob.bytes, blob.size, &json, text, sizeof text), RECEIVER_TOO_LARGE);
    assert_non_null(strstr(text, "frames in all samples"));
    json_free(&json);
    free(lines);
    free(blob.bytes);
}

TEST(no_profile) {
    static const char *const inputs[] = {"", "x", "not a profile at all", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd"};
    for (size_t i = 1; i < sizeof inputs / sizeof *inputs; i++) {
        struct json json = {0};
        char text[200] = "";
        assert_int_equal(view_types(inputs[i], strlen(inputs[i]), &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
        assert_non_null(strstr(text, "not a readable profile: "));
        json_free(&json);
    }
}

int main(void) {
    return tests_run();
}
