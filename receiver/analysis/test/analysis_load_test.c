// analysis_load_test.c: allocation, locks and fragmentation: findings above their thresholds, none below.

#include "../../../base/test/test.h"

#include "analysis_series.h"

static struct metrics *with(const char *name, double value, struct metrics *metrics) {
    metrics = metrics ? metrics : calloc(1, sizeof *metrics);
    struct metrics_series *series = &metrics->series[metrics->count++];
    snprintf(series->name, sizeof series->name, "%s", name);
    series->points = calloc(9, sizeof *series->points);
    for (series->count = 0; series->count < 9; series->count++) {
        // One busy period is no finding: the median decides.
        series->points[series->count] = (struct series_point){MINUTE_MS * (int64_t)series->count, series->count == 4 ? 100 * value : value};
    }
    return metrics;
}

static void allocating(struct profile *profile, int i) {
    (void)i;
    add_live(profile, CACHE, 3e6, false);
    add_live(profile, FRAMES("main.busy /b.go"), 9e6, false);
}

TEST(churn) {
    static const struct heap heap = {"delta-heap.pprof", "inuse_space", "Go "};
    struct findings findings = {0};
    struct stacks stacks;
    fill_stacks(&stacks, "inuse_space", allocating, 3);
    struct metrics *metrics = with("heap_live_bytes", 50e6, with("alloc_bytes_per_s", 2e8, NULL));
    assert_true(analysis_churn(&findings, metrics, &stacks, &heap));
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "allocation_churn", "200 MB are allocated per second, 75 % of it at one place in main.busy"));
    metrics_free(metrics);
    findings_free(&findings);
    metrics = with("heap_live_bytes", 5e8, with("alloc_bytes_per_s", 2e8, NULL)); // a large heap: collected every few seconds
    assert_true(analysis_churn(&findings, metrics, &stacks, &heap));
    metrics_free(metrics);
    metrics = with("alloc_bytes_per_s", 5e7, NULL);
    assert_true(analysis_churn(&findings, metrics, NULL, NULL));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
    stacks_free(&stacks);
}

static void without_stack(struct profile *profile, int i) {
    (void)i;
    add_live(profile, FRAMES("(no stack) /"), 9e6, false);
    add_live(profile, FRAMES("main.busy /b.go"), 3e6, false);
}

TEST(locks) {
    struct findings findings = {0};
    struct metrics *metrics = with("lock_seconds_per_s", 3, NULL);
    assert_true(analysis_locks(&findings, metrics, NULL, NULL)); // no stacks
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "lock_contention", "3 seconds per second are spent waiting for locks"));
    assert_int_equal(findings.items[0]->severity, SEVERITY_MEDIUM);
    findings_free(&findings);
    metrics_free(metrics);
    // What has no stack is no place, and counts.
    struct stacks stacks;
    fill_stacks(&stacks, "inuse_space", without_stack, 3);
    metrics = with("lock_seconds_per_s", 3, NULL);
    assert_true(analysis_locks(&findings, metrics, &stacks, "main.jfr"));
    assert_true(has_finding(&findings, "lock_contention",
                            "3 seconds per second are spent waiting for locks, 25 % of it at one place in main.busy"));
    findings_free(&findings);
    metrics_free(metrics);
    stacks_free(&stacks);
    metrics = with("lock_seconds_per_s", 0.2, NULL);
    assert_true(analysis_locks(&findings, metrics, NULL, NULL));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
}

TEST(fragmentation) {
    struct findings findings = {0};
    struct upload_list none = {0};
    struct metrics *metrics = with("c_allocator_fragmentation_bytes", 3e8, with("c_allocator_resident_bytes", 4e8, NULL));
    metrics = with("c_allocator_in_use_bytes", 1e8, metrics);
    assert_true(analysis_fragmentation(&findings, metrics, &none));
    assert_true(has_finding(&findings, "fragmentation", "Up to 300 MB of C memory are lost to fragmentation"));
    assert_non_null(strstr(findings.items[0]->evidence, "the allocator holds up to 400 MB in memory, of which the program uses 100 MB"));
    assert_null(strstr(findings.items[0]->evidence, "seldom"));
    findings_free(&findings);
    metrics = with("c_allocator_left_out", 1, metrics);
    metrics->series[1].count = 3; // the allocator was asked three times
    assert_true(analysis_fragmentation(&findings, metrics, &none));
    assert_non_null(strstr(findings.items[0]->evidence, "(3, in 9 periods: this allocator takes long"));
    findings_free(&findings);
    metrics_free(metrics);
    metrics = with("c_allocator_fragmentation_bytes", 1e8, with("c_allocator_resident_bytes", 4e8, NULL));
    assert_true(analysis_fragmentation(&findings, metrics, &none));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
}

// A recent start is found too.
TEST(newest_third) {
    struct series_point points[30] = {0};
    for (size_t i = 0; i < 30; i++) {
        points[i].value = i < 18 ? 1 : 5;
    }
    assert_true(load_now(points, 30) == 5);
    points[29].value = points[28].value = points[27].value = 0;
    assert_true(load_now(points, 30) == 5);
    for (size_t i = 0; i < 30; i++) {
        points[i].value = i < 26 ? 1 : 5;
    }
    assert_true(load_now(points, 30) == 1); // in less than half of them
    assert_true(load_now(points, 0) == 0);
}

// Lost samples are reported besides the findings of the others.
TEST(lost_samples) {
    struct findings findings = {0};
    struct upload_list none = {0};
    struct metrics *metrics = with("c_samples", 1000, with("c_samples_lost_live", 100, NULL)); // a tenth
    assert_true(analysis_lost_samples(&findings, metrics, &none));
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "in_use_incomplete",
                            "C memory in use is incomplete: 10 % of the samples could not be followed; raise SetMemoryLimit"));
    assert_int_equal(findings.items[0]->severity, SEVERITY_MEDIUM);
    findings_free(&findings);
    metrics_free(metrics);

    metrics = with("c_samples", 1000, with("c_samples_lost_stacks", 400, with("c_samples_lost_shards", 100, NULL)));
    metrics = with("c_samples_lost_live", 250, metrics); // half of those that were not dropped
    assert_true(analysis_lost_samples(&findings, metrics, &none));
    assert_int_equal(findings.count, 2);
    assert_true(has_finding(&findings, "in_use_incomplete",
                            "C memory in use is incomplete: 50 % of the samples could not be followed; raise SetMemoryLimit"));
    assert_true(has_finding(&findings, "samples_dropped",
                            "Figures of C memory are too low: 50 % of the samples were dropped; raise SetMemoryLimit"));
    assert_int_equal(findings.items[0]->severity, SEVERITY_HIGH);
    findings_free(&findings);
    metrics_free(metrics);

    metrics = with("c_samples", 1000, with("c_samples_lost_live", 40, with("c_samples_lost_stacks", 20, NULL)));
    assert_true(analysis_lost_samples(&findings, metrics, &none));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
    metrics = with("go_num_goroutine", 10, NULL);
    assert_true(analysis_lost_samples(&findings, metrics, &none));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
}

int main(void) {
    return tests_run();
}
