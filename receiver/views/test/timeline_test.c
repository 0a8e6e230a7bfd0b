// timeline_test.c: values in columns of time: by a sample's own time, else spread over its upload; gauges as means; bounds.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../timeline.h"

static const struct view_filter all = {0};

static struct timeline_question question_of(const char *type, bool is_gauge) {
    return (struct timeline_question){
        .type = type, .is_gauge = is_gauge, .from_ms = 1000, .to_ms = 5000, .longest_ms = 2000, .columns = 4, .filter = &all};
}

static struct profile *new_cpu_profile(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "samples", "count");
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    return profile;
}

static void add_timed(struct profile *profile, const char *frame, int64_t value, int64_t time_ns, const char *thread) {
    struct profile_label labels[] = {{"thread", thread, 0, ""}, {"end_timestamp_ns", NULL, time_ns, ""}};
    add_labelled(profile, FRAMES(frame, "main.main /m.go"), VALUES(1, value), labels, time_ns ? 2 : 1);
}

static void add(struct timeline *timeline, struct profile *profile, int64_t start_ms, int64_t end_ms) {
    struct listed_upload upload = {.id = 1, .start_ms = start_ms, .end_ms = end_ms};
    assert_int_equal(timeline_add(timeline, profile, &upload), RECEIVER_OK);
    profile_free(profile);
}

static struct json written(const struct timeline *timeline) {
    struct json json = {0};
    json_object_begin(&json);
    assert_true(timeline_write(timeline, &json));
    json_object_end(&json);
    return json;
}

static void expect(const struct timeline *timeline, const char *path, const char *want) {
    struct json json = written(timeline);
    expect_at(&json, path, want);
    json_free(&json);
}

TEST(own_times) {
    struct timeline_question question = question_of("cpu", false);
    struct timeline *one = timeline_new(&question), *two = timeline_new(&question);
    struct profile *profile = new_cpu_profile();
    add_timed(profile, "main.a /a.go", 100, 1000000000, "x"); // the first moment
    add_timed(profile, "main.a /a.go", 30, 4999999999, "y");  // the last one
    add_timed(profile, "main.b /b.go", 7, 2500000000, "x");
    add_timed(profile, "main.b /b.go", 9, 5000000000, "x"); // after it
    add(one, profile, 1000, 5000);
    profile = new_cpu_profile();
    add_timed(profile, "main.b /b.go", 400, 0, "x"); // without a time: over 3 s, of which the last is beyond
    add(two, profile, 3500, 6500);
    assert_true(timeline_merge(one, two));
    assert_int_equal(timeline_profiles(one), 2);
    expect(one, "$.rows[0].name", "main.b");
    expect(one, "$.rows[0].kind", "go");
    expect(one, "$.rows[0].values", "[0,7,66.6666666667,133.333333333]");
    expect(one, "$.rows[1].file", "/a.go");
    expect(one, "$.rows[1].values", "[100,0,0,30]");
    expect(one, "$.others.values", "[0,0,0,0]");
    expect(one, "$.samples", "5");
    expect(one, "$.samples_with_time", "4");
    expect(one, "$.samples_outside", "1");
    expect(one, "$.unit", "nanoseconds");
    expect(one, "$.longest_upload_ms", "2000");
    timeline_free(one);
    timeline_free(two);
}

// Two uploads in the second column, one in the third, none in the others.
TEST(gauges_are_means) {
    struct timeline_question question = question_of("inuse_space", true);
    struct timeline *timeline = timeline_new(&question);
    for (int i = 0; i < 2; i++) {
        struct profile *profile = new_heap_profile();
        add_stack(profile, FRAMES("malloc /m.c", "main.a /a.go"), VALUES(0, 0, 1, 100 + 200 * i), true);
        add(timeline, profile, 2000, i == 0 ? 4000 : 3000);
    }
    expect(timeline, "$.rows[0].values", "[null,200,100,null]");
    expect(timeline, "$.gauge", "1");
    timeline_free(timeline);
}

TEST(groups_and_filters) {
    struct view_filter filter = {.group_by = "thread", .labels = {{"thread", "x"}}, .label_count = 1};
    struct timeline_question question = question_of("cpu", false);
    question.filter = &filter;
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_cpu_profile();
    add_timed(profile, "main.a /a.go", 100, 1000000000, "x");
    add_timed(profile, "main.b /b.go", 10, 1000000000, "x");
    add_timed(profile, "main.b /b.go", 1, 1000000000, "y");
    add(timeline, profile, 1000, 5000);
    expect(timeline, "$.rows[0].name", "x");
    expect(timeline, "$.rows[0].values", "[110,0,0,0]");
    expect(timeline, "$.rows[1]", "(none)");
    timeline_free(timeline);
}

TEST(rows_are_bounded) {
    enum { ROWS = TIMELINE_MAX_ROWS + 10 };
    struct timeline_question question = question_of("cpu", false);
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_cpu_profile();
    for (int i = 0; i < ROWS; i++) {
        char frame[40];
        snprintf(frame, sizeof frame, "f%d /f.c", i);
        add_timed(profile, frame, 3, 1000000000, "x");
    }
    add(timeline, profile, 1000, 5000);
    char want[60];
    snprintf(want, sizeof want, "[%d,0,0,0]", 3 * (ROWS - TIMELINE_SHOWN_ROWS));
    expect(timeline, "$.others.values", want);
    snprintf(want, sizeof want, "%d", TIMELINE_MAX_ROWS - TIMELINE_SHOWN_ROWS);
    expect(timeline, "$.rows_left_out", want);
    timeline_free(timeline);
}

TEST(other_types_and_no_frames) {
    struct timeline_question question = question_of("wall", false);
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_cpu_profile();
    add_timed(profile, "main.a /a.go", 100, 1000000000, "x");
    add(timeline, profile, 1000, 5000);
    assert_int_equal(timeline_profiles(timeline), 0);
    timeline_free(timeline);
    question.type = "cpu";
    timeline = timeline_new(&question);
    profile = new_cpu_profile();
    profile_add_sample(profile, NULL, 0, VALUES(1, 5), NULL, 0);
    add(timeline, profile, 4000, 4000); // takes no time
    expect(timeline, "$.rows[0].name", "(no frames)");
    expect(timeline, "$.rows[0].values", "[0,0,0,5]");
    timeline_free(timeline);
}

TEST(range_of_a_list) {
    struct listed_upload uploads[] = {{.start_ms = 500, .end_ms = 900}, {.start_ms = 100, .end_ms = 300}};
    struct upload_list list = {.uploads = uploads, .count = 2};
    struct timeline_question question;
    assert_int_equal(timeline_range(&list, &question), RECEIVER_OK);
    assert_int_equal(question.from_ms, 100);
    assert_int_equal(question.to_ms, 900);
    assert_int_equal(question.longest_ms, 400);
    uploads[0].end_ms = INT64_MAX;
    assert_int_equal(timeline_range(&list, &question), RECEIVER_BAD_UPLOAD);
    list.count = 0;
    assert_int_equal(timeline_range(&list, &question), RECEIVER_BAD_UPLOAD);
}

int main(void) {
    return tests_run();
}
