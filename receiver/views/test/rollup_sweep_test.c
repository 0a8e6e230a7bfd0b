// rollup_sweep_test.c: which roll-ups are read, what is read from files instead, and of these how many.

#include "../../../base/test/test.h"

#include "../../test/rollup_scene.h"

#include "../rollup_sweep.h"

struct counts {
    size_t rollups, files;
    bool refuses, is_full;
};

static enum receiver_error take_rollup(void *part, struct rollup_taken *taken) {
    struct counts *counts = part;
    assert_true(taken->rollup->report.uploads > 0);
    assert_string_equal(taken->dropped, "span id");
    counts->rollups += !counts->refuses;
    if (counts->is_full) {
        snprintf(taken->text, sizeof taken->text, "full");
        return RECEIVER_TOO_LARGE;
    }
    return counts->refuses ? RECEIVER_BAD_UPLOAD : RECEIVER_OK;
}

static enum receiver_error take_file(void *part, struct sweep_file *file) {
    struct counts *counts = part;
    assert_true(file->size > 0);
    counts->files++;
    return RECEIVER_OK;
}

static struct sweep_report sweep_with(struct rollup_sweep sweep, size_t rollups, size_t files, bool refuses) {
    struct counts one = {.refuses = refuses}, two = one;
    struct sweep_report report;
    void *parts[2] = {&one, &two};
    assert_int_equal(rollup_sweep(&sweep, take_rollup, take_file, parts, &report), RECEIVER_OK);
    assert_int_equal(one.rollups + two.rollups, rollups);
    assert_int_equal(one.files + two.files, files);
    return report;
}

TEST_IN(store, choices) {
    struct test_store *test = *state;
    static const char *const span[] = {"tenant", "span id"};
    for (int hour = 0; hour < 3; hour++) {
        scene_hour(test, "one", hour, SCENE_AN_HOUR);
        scene_hour(test, "two", hour, SCENE_AN_HOUR);
    }
    scene_pass(test, SCENE_DAY_ENDS_MS);
    struct upload_list list = list_of(test, "heap.pprof");
    struct rollup_sweep sweep = {
        .store = test->store, .list = &list, .attachment = "heap.pprof", .most = ROLLUP_DAY, .most_files = UPLOAD_LIST_FILES};
    struct sweep_report report = sweep_with(sweep, 2, 0, false);
    assert_true(report.uploads == 240 && report.processes == 2 && report.left_out == 0);
    sweep.labels = span;
    sweep.label_count = 1;
    sweep_with(sweep, 2, 0, false);
    sweep.label_count = 2;
    sweep_with(sweep, 0, 240, false);
    sweep.label_count = 0;
    sweep.most = ROLLUP_HOUR;
    sweep_with(sweep, 6, 0, false);
    report = sweep_with(sweep, 0, 240, true);
    assert_int_equal(report.uploads, 240);
    sweep.most = ROLLUP_DAY;
    struct upload_list part = {.uploads = list.uploads + 7, .count = list.count - 7, .left_out = 7};
    sweep.list = &part;
    report = sweep_with(sweep, 4, 73, false);
    assert_true(report.uploads == 233 && report.left_out == 7 && !report.is_passing);
    sweep.most_files = 10;
    report = sweep_with(sweep, 4, 10, false);
    assert_true(report.uploads == 170 && report.left_out == 7 + 63 && report.is_passing);
    sweep.spread = true;
    report = sweep_with(sweep, 4, 10, false);
    assert_true(report.uploads == 170 && report.left_out == 7 && report.skipped == 63 && !report.is_passing);
    sweep.spread = false;
    sweep.only_files = true;
    sweep.most_files = 1000;
    sweep_with(sweep, 0, 233, false);
    upload_list_free(&list);
}

// Where there is no room for a roll-up, there is none for its files: they are not read.
TEST_IN(store, left_out) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    scene_pass(test, SCENE_DAY_ENDS_MS);
    struct upload_list list = list_of(test, "heap.pprof");
    const struct rollup_sweep sweep = {
        .store = test->store, .list = &list, .attachment = "heap.pprof", .most = ROLLUP_HOUR, .most_files = UPLOAD_LIST_FILES};
    struct counts counts = {.is_full = true};
    struct sweep_report report;
    void *parts[2] = {&counts, NULL};
    assert_int_equal(rollup_sweep(&sweep, take_rollup, take_file, parts, &report), RECEIVER_OK);
    assert_true(counts.rollups == 1 && counts.files == 0 && report.uploads == 0);
    assert_true(report.failed_count == SCENE_AN_HOUR && report.reasons == 1 && report.failed[0].id == list.uploads[0].id);
    assert_string_equal(report.failed[0].reason, "full");
    upload_list_free(&list);
}

TEST(attachments) {
    assert_true(rollup_is_for("heap.pprof") && rollup_is_for("CPU.PB.GZ"));
    assert_false(rollup_is_for("events.pprof") || rollup_is_for("main.jfr") || rollup_is_for("metrics.json"));
}

int main(void) {
    return tests_run();
}
