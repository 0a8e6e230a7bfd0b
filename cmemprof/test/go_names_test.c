// go_names_test.c: Go's names as functions of a profile; names that do not add up.

#include "../../base/test/test.h"

#include "../go_names.h"

static const char text[] = "main.mainmain.goruntime.cgocall";
static const uint32_t counts[] = {2, 0, 1};
static const struct cmemprof_go_frame frames[] = {{0, 9, 9, 7, 12, 10}, {0, 9, 9, 7, 20, 10}, {16, 15, 400, 7, 3, 1}};
static struct cmemprof_go_names given = {counts, 3, frames, 3, text, sizeof text - 1};

static const struct profile_frame *frame_of(struct profile *profile, const struct profile_line *lines, size_t count) {
    static struct profile_sample_view view;
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    uint32_t location = profile_add_location(profile, 0, 1, lines, count);
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    assert_int_equal(profile_sample_at(profile, profile_sample_count(profile) - 1, &view), MERGE_OK);
    return view.frames;
}

TEST(frames_of_each_address) {
    struct go_names names;
    struct profile_line lines[GO_NAMES_MAX_LINES];
    enum location_kind kind;
    struct profile *profile = profile_new();
    assert_int_equal(go_names_open(&names, &given), CMEMPROF_OK);
    assert_int_equal(go_names_lines(&names, profile, 0, lines, &kind), 2);
    assert_int_equal(kind, LOCATION_GO);
    const struct profile_frame *shown = frame_of(profile, lines, 2);
    assert_string_equal(shown[0].function, "main.main");
    assert_string_equal(shown[0].file, "main.go");
    assert_int_equal(shown[0].line, 12);
    assert_int_equal(shown[1].line, 20);
    profile_free(profile);
    profile = profile_new();
    assert_int_equal(go_names_lines(&names, profile, 1, lines, &kind), 0); // to be left out
    assert_int_equal(go_names_lines(&names, profile, 2, lines, &kind), 1);
    assert_int_equal(kind, LOCATION_GO_RUNTIME);
    assert_string_equal(frame_of(profile, lines, 1)[0].file, ""); // a bad offset
    assert_int_equal(go_names_lines(&names, profile, 3, lines, &kind), 0);
    go_names_close(&names);
    profile_free(profile);
}

TEST(names_that_do_not_add_up) {
    struct go_names names;
    enum location_kind kind;
    given.frame_count = 2;
    assert_int_equal(go_names_open(&names, &given), CMEMPROF_BAD_NAMES);
    go_names_close(&names);
    given.frame_count = 3;
    assert_int_equal(go_names_open(&names, NULL), CMEMPROF_OK);
    assert_int_equal(go_names_lines(&names, NULL, 0, NULL, &kind), 0);
    go_names_close(&names);
}

int main(void) {
    return tests_run();
}
