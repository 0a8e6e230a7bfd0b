// timeline_test.c: values in columns of time: by a sample's own time, else spread over its upload; gauges as means; bounds.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../timeline.h"
#include "../timeline_write.h"

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

// Threads of one name are told apart by their number, and chosen by it.
TEST(lanes) {
    struct timeline_question question = question_of("cpu", false);
    struct timeline *timeline = timeline_new(&question), *two = timeline_new(&question);
    question.lanes = true;
    struct profile *profile = new_cpu_profile();
    const struct profile_label labels[][3] = {
        {{"thread name", "pool", 0, ""}, {"thread id", NULL, 7, ""}, {"end_timestamp_ns", NULL, 1500000000, ""}},
        {{"thread name", "pool", 0, ""}, {"thread id", NULL, 8, ""}, {"end_timestamp_ns", NULL, 2500000000, ""}},
        {{"thread.name", "main", 0, ""}, {"thread.id", "9", 0, ""}, {"end_timestamp_ns", NULL, 2500000000, ""}},
        {{"thread name", "nameonly", 0, ""}, {"end_timestamp_ns", NULL, 4500000000, ""}, {"x", "y", 0, ""}},
    };
    for (size_t i = 0; i < 4; i++) {
        add_labelled(profile, FRAMES("main.a /a.go"), VALUES(1, 100 - (int64_t)i), labels[i], 3);
    }
    add_labelled(profile, FRAMES("main.a /a.go"), VALUES(1, 10), NULL, 0);
    add(timeline, profile, 1000, 5000);
    profile = new_cpu_profile();
    add_labelled(profile, FRAMES(NULL), VALUES(1, 1000), labels[1], 3);
    add(two, profile, 1000, 5000);
    assert_true(timeline_merge(timeline, two));
    expect(timeline, "$.rows[0].name", "pool \u00b7 8");
    expect(timeline, "$.rows[0].label", "thread id:8");
    expect(timeline, "$.rows[0].values", "[0,1099,0,0]");
    expect(timeline, "$.rows[1].name", "pool \u00b7 7");
    expect(timeline, "$.rows[2].name", "main \u00b7 9");
    expect(timeline, "$.rows[2].label", "thread.id:9");
    expect(timeline, "$.rows[3].label", "thread name:nameonly");
    expect(timeline, "$.rows[4].name", "(no thread)");
    expect(timeline, "$.rows[4].values", "[2.5,2.5,2.5,2.5]");
    timeline_free(timeline);
    timeline_free(two);
}

// A stretch of time: samples without a time of their own are not in it.
TEST(a_stretch_of_time) {
    struct view_filter stretch = {.labels = {{"end_timestamp_ns", "946684800000000000..946684801000000000"}}, .label_count = 1};
    const int64_t first_ns = TIMELINE_FIRST_MS * 1000000;
    struct timeline_question question = question_of("cpu", false);
    question.filter = &stretch;
    timeline_narrow(&question);
    assert_int_equal(question.from_ms, TIMELINE_FIRST_MS);
    assert_int_equal(question.to_ms, TIMELINE_FIRST_MS + 1000);
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_cpu_profile();
    add_timed(profile, "main.a /a.go", 1, first_ns - 1, "x");
    add_timed(profile, "main.a /a.go", 20, first_ns, "x");
    add_timed(profile, "main.a /a.go", 300, first_ns + 999999999, "x");
    add_timed(profile, "main.a /a.go", 4000, first_ns + 1000000000, "x");
    add_timed(profile, "main.a /a.go", 50000, 0, "x");
    add(timeline, profile, TIMELINE_FIRST_MS - 1000, TIMELINE_FIRST_MS + 5000);
    expect(timeline, "$.rows[0].values", "[20,0,0,300]");
    expect(timeline, "$.samples", "2");
    timeline_free(timeline);
    // What is no stretch, or of no possible time, is no range of the columns.
    static const char *const others[] = {"946684800000000000", "5..9", "946684801000000000..946684800000000000", "x..y", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        stretch.labels[0].text = others[i];
        question.from_ms = 1000;
        timeline_narrow(&question);
        assert_int_equal(question.from_ms, 1000);
    }
}

// Of a recording: what has no time of its own is spread once for each row, whatever its samples are, and adds up.
TEST(a_large_recording) {
    enum { SAMPLES = 200000, FUNCTIONS = 50 };
    struct timeline_question question = question_of("cpu", false);
    question.columns = TIMELINE_MAX_COLUMNS;
    question.from_ms = 0;
    question.to_ms = 60000;
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_cpu_profile();
    uint32_t frames[FUNCTIONS];
    for (size_t i = 0; i < FUNCTIONS; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%zu", i);
        frames[i] = add_frame(profile, name, "/f.c");
    }
    for (int64_t i = 0; i < SAMPLES; i++) {
        const struct profile_label labels[] = {{"span id", NULL, i, ""}, {"end_timestamp_ns", NULL, 1 + i * 300000, ""}};
        bool is_timed = i % 2 == 0;
        profile_add_sample(profile, &frames[i % FUNCTIONS], 1, VALUES(1, 1), labels, is_timed ? 2 : 1);
    }
    assert_int_equal(profile_status(profile), MERGE_OK);
    add(timeline, profile, 0, 60000);
    struct json json = written(timeline);
    double sum = 0;
    for (int row = 0; row < FUNCTIONS; row++) {
        char path[48], *value;
        snprintf(path, sizeof path, "$.rows[%d].values[%d]", row, row);
        value = json_at(&json, path);
        sum += atof(value);
        free(value);
    }
    json_free(&json);
    // Each of 50 rows has 4,000 samples: over 400 columns ten each.
    assert_true(sum > 0.8 * FUNCTIONS * 10 && sum < 1.2 * FUNCTIONS * 10);
    expect(timeline, "$.samples", "200000");
    expect(timeline, "$.samples_with_time", "100000");
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
    expect(timeline, "$.rows_limited", "1");
    struct timeline *sum = timeline_new(&question);
    expect(sum, "$.rows_limited", "0");
    assert_true(timeline_merge(sum, timeline));
    expect(sum, "$.rows_limited", "1");
    timeline_free(sum);
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
