// report_test.c: the data of a report: profiles share nodes, samples have their values and labels, and answers stay as they are.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../report.h"
#include "../sweep.h"
#include "../view.h"

static struct profile *new_profile(int64_t in_use) {
    static const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"size", NULL, 512, "bytes"}, {"empty", NULL, 0, ""}};
    struct profile *profile = new_heap_profile();
    add_labelled(profile, FRAMES("malloc /c/malloc.c", "main.a /a.go"), VALUES(1, 10, 1, in_use), labels, 3);
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, 10, 1, 30), false);
    add_stack(profile, FRAMES("main.none /a.go"), VALUES(0, 0, 0, 0), false);
    profile_add_comment(profile, "cmemprof: warning: 3 samples dropped");
    return profile;
}

static void add(struct report *report, const char *selection, const struct json *upload, int64_t in_use,
                const struct sweep_report *merged) {
    struct profile *profile = new_profile(in_use);
    report_side(report, selection, upload, 1);
    static const struct tree_label label = {"size", "512"};
    const struct view_filter filter = {.labels = {label}, .label_count = merged ? 1 : 0};
    const struct report_source source = {.seconds = 60, .merged = merged, .is_single = !merged, .filter = &filter};
    assert_int_equal(report_profile(report, "heap.pprof", profile, &source), RECEIVER_OK);
    profile_free(profile);
}

TEST(two_sides) {
    struct report report = {0};
    struct json upload = {0}, answer = {0}, json = {0};
    struct sweep_report merged = {.uploads = 7, .processes = 2};
    json_object_begin(&upload);
    json_member_text(&upload, "service", "</script>");
    json_object_end(&upload);
    json_array_begin(&answer);
    json_array_end(&answer);
    add(&report, "ids=1", &upload, 100, NULL);
    add(&report, "service=shop", NULL, 50, &merged);
    report_answer(&report, "/api/metrics", &answer);
    report_answer(&report, "/api/analysis", &answer);
    assert_int_equal(report_write(&report, "/compare?ids=1", "a \"title\"", &json), RECEIVER_OK);
    static const char *const expected[][2] = {
        {"$.address", "/compare?ids=1"},
        {"$.title", "a \"title\""},
        {"$.functions", "[{\"name\":\"main.a\",\"file\":\"/a.go\",\"kind\":\"go\",\"library\":\"main\"},"
                        "{\"name\":\"malloc\",\"file\":\"/c/malloc.c\",\"kind\":\"c_runtime\",\"library\":\"\"}]"},
        {"$.nodes", "[0,0,7,1,1,7]"}, // one of each function, for both sides
        {"$.sides[0].upload.service", "</script>"},
        {"$.sides[0].profiles[0].merged", "null"},
        {"$.sides[0].profiles[0].seconds", "60"},
        {"$.sides[0].profiles[0].samples",
         "[[2,1,10,1,100,\"memory\",\"C\",\"\",\"size\",\"512\",\"bytes\",\"empty\",\"\",\"\"],[1,1,10,1,30]]"},
        {"$.sides[0].profiles[0].types.default_type", "inuse_space"},
        {"$.sides[0].profiles[0].types.types[3].total", "130"},
        {"$.sides[0].profiles[0].types.types[3].c_total", "100"},
        {"$.sides[0].profiles[0].warnings[0]", "3 samples dropped"},
        {"$.sides[0].profiles[0].owners[0].owner", ""},
        {"$.sides[0].profiles[0].owners[0].labels", "[]"},
        {"$.sides[0].profiles[0].owners[0].answer.owners[0].function.name", "main.a"},
        {"$.sides[0].profiles[0].owners[0].answer.owners[0].live.bytes", "100"},
        {"$.sides[0].profiles[0].owners[1].owner", "program"},
        {"$.sides[0].profiles[0].owners[2]", "(none)"},
        {"$.sides[1].profiles[0].owners[2].labels", "[[\"size\",\"512\"]]"},
        {"$.sides[1].profiles[0].owners[2].answer.total.live.bytes", "50"},
        {"$.sides[1].profiles[0].owners[3].owner", "program"},
        {"$.sides[1].selection", "service=shop"},
        {"$.sides[1].upload", "null"},
        {"$.sides[1].profiles[0].merged.uploads", "7"},
        {"$.sides[1].profiles[0].samples[0][4]", "50"},
        {"$.answers.\"/api/metrics\"", "[]"},
        {"$.answers.\"/api/analysis\"", "[]"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        expect_at(&json, expected[i][0], expected[i][1]);
    }
    json_free(&upload);
    json_free(&answer);
    json_free(&json);
    report_free(&report);
}

// Go's memory alone has no owners, and what is only the profiler's own none without it.
TEST(owners_are_of_c_memory) {
    static const struct profile_label own[] = {{"memory", "C", 0, ""}, {"owner", "cmemprof", 0, ""}};
    struct report report = {0};
    struct json json = {0};
    report_side(&report, "ids=1", NULL, 1);
    for (int c = 0; c < 3; c++) { // the last is single
        struct profile *profile = new_heap_profile();
        add_labelled(profile, FRAMES("main.a /a.go"), VALUES(2, 60, 1, 30), own, c > 0 ? 2 : 0);
        assert_int_equal(report_profile(&report, "heap.pprof", profile, &(struct report_source){.is_single = c == 2}), RECEIVER_OK);
        profile_free(profile);
    }
    assert_int_equal(report_write(&report, "/", "", &json), RECEIVER_OK);
    expect_at(&json, "$.sides[0].profiles[0].owners", "(none)");
    expect_at(&json, "$.sides[0].profiles[1].owners[0].answer.total.live.bytes", "30");
    expect_at(&json, "$.sides[0].profiles[1].owners[1].answer.owners", "[]");
    expect_at(&json, "$.sides[0].profiles[1].owners[0].answer.is_from_start", "0");
    expect_at(&json, "$.sides[0].profiles[2].owners[0].answer.total.freed.bytes", "30");
    json_free(&json);
    report_free(&report);
}

TEST(nothing) {
    struct report report = {0};
    struct json json = {0};
    assert_int_equal(report_write(&report, "/", "", &json), RECEIVER_OK);
    expect_at(&json, "$.sides", "[]");
    expect_at(&json, "$.answers", "{}");
    expect_at(&json, "$.nodes", "[]");
    json_free(&json);
    report_free(&report);
}

TEST(without_memory_it_fails) {
    struct merge_budget budget = {.limit_bytes = 100};
    struct report report = {0};
    struct profile *profile = new_profile(100);
    report_side(&report, "ids=1", NULL, 1);
    struct merge_budget *before = merge_use_budget(&budget);
    assert_int_equal(report_profile(&report, "heap.pprof", profile, &(struct report_source){.seconds = 60}), RECEIVER_NO_MEMORY);
    merge_use_budget(before);
    profile_free(profile);
    report_free(&report);
}

int main(void) {
    return tests_run();
}
