// merge_export_test.c: the exported file describes each type: sums of amounts, gauges of a moment, and a comment.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../merge_export.h"

static struct sweep_report report_of(struct gauges gauges, double at_once, size_t profiles, size_t chosen_of) {
    struct sweep_report report = {.uploads = profiles, .gauges = {gauges, at_once, chosen_of}};
    static const char *const types[] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(report.counts.types[i].name, TOTALS_MAX_NAME, "%s", types[i]);
        report.counts.types[i].profiles = profiles;
    }
    report.counts.count = 4;
    return report;
}

static struct profile *heap(int64_t allocated, int64_t in_use) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(allocated, allocated, in_use, in_use), false);
    profile_set_time(profile, 1000, 60);
    return profile;
}

// Finishes, encodes, decodes, and compares the only sample; frees both.
static void expect_file(struct profile *all, const struct sweep_report *report, struct profile *moment,
                        const struct sweep_report *moment_report, int64_t allocated, int64_t in_use, const char *comment) {
    uint8_t *bytes;
    size_t size;
    assert_int_equal(merge_export_finish(all, report, moment, moment_report), RECEIVER_OK);
    assert_int_equal(profile_encode(all, MERGE_RAW, &bytes, &size), MERGE_OK);
    assert_non_null(memmem(bytes, size, comment, strlen(comment)));
    struct profile *read = profile_new();
    struct profile_sample_view sample;
    assert_int_equal(profile_decode(read, bytes, size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(read), 1);
    assert_int_equal(profile_sample_at(read, 0, &sample), MERGE_OK);
    static const char *const types[] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(profile_sample_type_index(read, types[i]), i);
        assert_int_equal(sample.values[i], i < 2 ? allocated : in_use);
    }
    assert_int_equal(profile_duration_ns(read), 60);
    profile_free(read);
    profile_free(all);
    profile_free(moment);
    free(bytes);
}

TEST(mean) {
    struct sweep_report report = report_of((struct gauges){GAUGES_MEAN, false}, 1, 4, 4);
    expect_file(heap(1000, 800), &report, NULL, NULL, 1000, 200,
                "cmemprof: inuse_objects, inuse_space: mean of 4 profiles; other types: sums");
    report = report_of((struct gauges){GAUGES_MEAN, true}, 2, 4, 4);
    expect_file(heap(1000, 800), &report, NULL, NULL, 1000, 400, "mean of 4 profiles, processes of one moment added up;");
}

// A client's upgrade adds a type: its mean is over the profiles that have it.
TEST(mean_of_few) {
    struct sweep_report report = report_of((struct gauges){GAUGES_MEAN, false}, 1, 4, 4);
    report.counts.types[2].profiles = report.counts.types[3].profiles = 2;
    expect_file(heap(1000, 400), &report, NULL, NULL, 1000, 200,
                "cmemprof: inuse_objects, inuse_space: mean of 2 of 4 profiles; other types: sums");
    struct profile *profile = heap(0, 400);
    uint8_t *bytes;
    size_t size;
    static const char comment[] = "cmemprof: inuse_objects: mean of 4 profiles; inuse_space: mean of 2 of 4 profiles; other types: sums";
    report.counts.types[2].profiles = 4;
    assert_int_equal(merge_export_finish(profile, &report, NULL, NULL), RECEIVER_OK);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    assert_non_null(memmem(bytes, size, comment, strlen(comment)));
    profile_free(profile);
    free(bytes);
}

TEST(moment) {
    struct sweep_report all = report_of((struct gauges){GAUGES_LAST, false}, 1, 4, 4), last = report_of(all.gauges.of, 1, 2, 4);
    expect_file(heap(1000, 800), &all, heap(20, 60), &last, 1000, 30, "mean of the last of each process, 2; other");
    last.gauges.of.summed = true;
    expect_file(heap(1000, 800), &all, heap(20, 60), &last, 1000, 60, "sum of the last of each process, 2; other");
    struct sweep_report largest = report_of((struct gauges){GAUGES_MAX, false}, 1, 1, 4);
    expect_file(heap(1000, 800), &all, heap(20, 300), &largest, 1000, 300, "the largest of 4 profiles; other");
}

// A moment whose profiles lack the type: its value is 0.
TEST(moment_without) {
    struct sweep_report all = report_of((struct gauges){GAUGES_LAST, true}, 1, 4, 4), last = report_of(all.gauges.of, 1, 2, 4);
    struct profile *other = profile_new();
    profile_add_sample_type(other, "cpu", "nanoseconds");
    expect_file(heap(1000, 800), &all, other, &last, 1000, 0, "sum of the last of each process, 2; other");
}

// Without a gauge there is no comment; goroutine profiles have only a gauge.
TEST(all_or_none) {
    struct sweep_report report = {.uploads = 3, .gauges = {.chosen_of = 3}};
    static const char *const names[] = {"cpu", "goroutine"};
    static const int64_t expected[] = {30, 10};
    for (int i = 0; i < 2; i++) {
        struct profile *profile = profile_new();
        uint8_t *bytes;
        size_t size;
        struct profile_sample_view sample;
        profile_add_sample_type(profile, names[i], "count");
        add_stack(profile, FRAMES("main.a /a.go"), VALUES(30), false);
        report.counts = (struct sweep_type_counts){.count = 1, .types = {{.profiles = 3}}};
        strcpy(report.counts.types[0].name, names[i]);
        assert_int_equal(merge_export_finish(profile, &report, NULL, NULL), RECEIVER_OK);
        assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
        assert_int_equal(sample.values[0], expected[i]);
        assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
        assert_int_equal(!!memmem(bytes, size, "cmemprof:", 9), i == 1);
        free(bytes);
        profile_free(profile);
    }
}

static void expect_warnings(const struct sweep_report *report, const char *first, const char *second) {
    struct profile *profile = heap(1000, 800);
    const char *texts[4] = {"", ""};
    assert_int_equal(merge_export_finish(profile, report, NULL, NULL), RECEIVER_OK);
    assert_int_equal(profile_warnings(profile, texts, 4), !!first + !!second);
    assert_string_equal(texts[0], first ? first : "");
    assert_string_equal(texts[1], second ? second : "");
    profile_free(profile);
}

// What is missing is said to those who have the file alone, and to nobody else.
TEST(missing_uploads) {
    struct sweep_report report = report_of((struct gauges){GAUGES_MEAN, false}, 1, 4, 4);
    expect_warnings(&report, NULL, NULL);
    sweep_report_add_failures(&report, 7, 2, 0, "not a readable profile");
    report.failed_count = 2;
    expect_warnings(&report, "figures are too low: 2 of 6 uploads could not be read: not a readable profile", NULL);
    sweep_report_add_failures(&report, 9, 1, 0, "damaged");
    report.failed_count = 3;
    report.left_out = 5;
    expect_warnings(&report, "figures are too low: 3 of 12 uploads could not be read: not a readable profile, and other reasons",
                    "figures are too low: 5 of 12 uploads were left out, more than are read at once");
}

int main(void) {
    return tests_run();
}
