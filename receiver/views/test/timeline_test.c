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

static struct json written(struct timeline *timeline) {
    struct json json = {0};
    json_object_begin(&json);
    assert_true(timeline_write(timeline, &json));
    json_object_end(&json);
    return json;
}

static void expect(struct timeline *timeline, const char *path, const char *want) {
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
    add_timed(profile, "main.b /b.go", 11, 5000000000, "x"); // the end
    add_timed(profile, "main.b /b.go", 13, 5000999999, "x"); // of which less than 1 ms was cut
    add_timed(profile, "main.b /b.go", 9, 5001500000, "x");  // after it
    add(one, profile, 1000, 5000);
    profile = new_cpu_profile();
    add_timed(profile, "main.b /b.go", 400, 0, "x"); // without a time: over 3 s, of which the last is beyond
    add(two, profile, 3500, 6500);
    assert_true(timeline_merge(one, two));
    assert_int_equal(timeline_profiles(one), 2);
    expect(one, "$.rows[0].name", "main.b");
    expect(one, "$.rows[0].kind", "go");
    expect(one, "$.rows[0].values", "[0,7,66.6666666667,157.333333333]");
    expect(one, "$.rows[1].file", "/a.go");
    expect(one, "$.rows[1].values", "[100,0,0,30]");
    expect(one, "$.others.values", "[0,0,0,0]");
    expect(one, "$.samples", "7");
    expect(one, "$.samples_with_time", "6");
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

#define SOME_MS INT64_C(1767323045000)
TEST(range_of_a_list) {
    struct listed_upload uploads[] = {{.start_ms = SOME_MS + 500, .end_ms = SOME_MS + 900},
                                      {.start_ms = SOME_MS + 100, .end_ms = SOME_MS + 300}};
    struct upload_list list = {.uploads = uploads, .count = 2};
    struct timeline_question question;
    assert_int_equal(timeline_range(&list, INT64_MAX, &question), RECEIVER_OK);
    assert_int_equal(question.from_ms, SOME_MS + 100);
    assert_int_equal(question.to_ms, SOME_MS + 900);
    assert_int_equal(question.longest_ms, 400);
    assert_int_equal(timeline_range(&list, SOME_MS + 600, &question), RECEIVER_OK); // what was selected ends before
    assert_int_equal(question.to_ms, SOME_MS + 600);
    list.count = 0;
    assert_int_equal(timeline_range(&list, INT64_MAX, &question), RECEIVER_BAD_UPLOAD);
}

TEST(impossible_times) {
    static const int64_t week_ms = INT64_C(7) * 24 * 3600 * 1000, of_1971_ms = INT64_C(31536000000);
    struct listed_upload uploads[] = {
        {.id = 1, .start_ms = -1000, .end_ms = SOME_MS},
        {.id = 2, .start_ms = SOME_MS, .end_ms = SOME_MS + 100},
        {.id = 3, .start_ms = of_1971_ms, .end_ms = of_1971_ms + 60000},
        {.id = 4, .start_ms = SOME_MS, .end_ms = SOME_MS + week_ms}, // just so
        {.id = 5, .start_ms = SOME_MS, .end_ms = SOME_MS + week_ms + 1},
        {.id = 6, .start_ms = SOME_MS, .end_ms = SOME_MS - 1},
        {.id = 7, .start_ms = INT64_MIN, .end_ms = INT64_MAX},
        {.id = 8, .start_ms = INT64_MAX - 1, .end_ms = INT64_MAX},
    };
    struct upload_list list = {.uploads = uploads, .count = 8};
    assert_int_equal(timeline_leave_out(&list), 6);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.uploads[0].id, 2);
    assert_int_equal(list.uploads[1].id, 4);
}

// Three processes, of which not all are there all the time.
TEST(processes_add_up) {
    struct listed_upload uploads[] = {{.id = 1, .start_ms = 1000, .end_ms = 5000, .process = 1, .group = 1},
                                      {.id = 2, .start_ms = 1000, .end_ms = 3000, .process = 2, .group = 1},
                                      {.id = 3, .start_ms = 2000, .end_ms = 4000, .process = 3, .group = 1}};
    static const int64_t until_ms[] = {5000, 3000, 4000};
    struct upload_list list = {.uploads = uploads, .count = 3};
    struct timeline_question question = question_of("inuse_space", true);
    for (int summed = 0; summed < 2; summed++) {
        question.list = &list;
        question.until_ms = summed ? until_ms : NULL;
        struct timeline *timeline = timeline_new(&question);
        for (int i = 0; i < 3; i++) {
            struct profile *profile = new_heap_profile();
            add_stack(profile, FRAMES("malloc /m.c", "main.a /a.go"), VALUES(0, 0, 1, i == 0 ? 1200 : 10), true);
            add(timeline, profile, uploads[i].start_ms, uploads[i].end_ms);
        }
        expect(timeline, "$.rows[0].values", summed ? "[1210,1220,1210,1200]" : "[605,406.666666667,605,1200]");
        timeline_free(timeline);
    }
}

int main(void) {
    return tests_run();
}
