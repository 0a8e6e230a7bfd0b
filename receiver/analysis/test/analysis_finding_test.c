// analysis_finding_test.c: formatted amounts, order, joining of findings, the JSON.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include <math.h>

TEST(amounts) {
    char text[FINDING_AMOUNT_BYTES];
    assert_string_equal(finding_bytes(999, text), "999 B");
    assert_string_equal(finding_bytes(1234567, text), "1.23 MB");
    assert_string_equal(finding_rate(2.5e6, text), "150 MB a minute"); // always per minute
    assert_string_equal(finding_rate(20000, text), "1.2 MB a minute");
    assert_string_equal(finding_rate(1, text), "60 B a minute");
    assert_string_equal(finding_time(1767323045000, text), "2026-01-02 03:04 UTC");
    assert_string_equal(finding_duration(30, text), "30 seconds");
    assert_string_equal(finding_duration(1800, text), "30 minutes");
    assert_string_equal(finding_duration(9000, text), "2.5 hours");
}

static struct finding *add_of(struct findings *findings, const char *kind, enum measure measure, enum severity severity, double weight,
                              const char *site) {
    struct finding *finding = findings_add(findings, kind, measure, severity, weight);
    assert_non_null(finding);
    snprintf(finding->title, sizeof finding->title, "%g in %s", weight, site);
    snprintf(finding->site, sizeof finding->site, "%s", site);
    return finding;
}

// Processes of one service with the same finding: reported once, from the worst.
static struct finding *add_finding(struct findings *findings, const char *kind, enum severity severity, double weight, const char *site) {
    return add_of(findings, kind, MEASURE_COUNT, severity, weight, site);
}

TEST(order_and_sharing) {
    struct findings all = {0};
    static const struct {
        const char *service, *kind, *site;
        enum severity severity;
        double weight;
    } found[] = {{"a", "c_leak", "main.a", SEVERITY_LOW, 5},
                 {"a", "c_leak", "main.b", SEVERITY_HIGH, 10},
                 {"a", "c_leak", "main.b", SEVERITY_HIGH, 20},
                 {"b", "c_leak", "main.b", SEVERITY_HIGH, 15},
                 {"a", "lock_contention", "main.b", SEVERITY_HIGH, 1}};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        struct findings of_process = {.service = found[i].service, .left_out = 1};
        add_finding(&of_process, found[i].kind, found[i].severity, found[i].weight, found[i].site);
        findings_join(&all, &of_process);
        assert_int_equal(of_process.count, 0);
    }
    findings_sort(&all);
    assert_int_equal(all.count, 4);
    assert_int_equal(all.left_out, 5);
    static const char *const titles[] = {"20 in main.b", "15 in main.b", "1 in main.b", "5 in main.a"};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(all.items[i]->title, titles[i]);
        assert_int_equal(all.items[i]->processes, i == 0 ? 2 : 1);
    }
    assert_string_equal(all.items[1]->service, "b");
    findings_free(&all);
}

// One process with two stacks of one site, and steps of its C memory and of its heap: four findings, and still four when another process
// has them too.
TEST(joins_processes_only) {
    struct findings all = {0};
    for (int process = 1; process <= 2; process++) {
        struct findings of_process = {.service = "a"};
        add_of(&of_process, "c_leak", MEASURE_C_LIVE_BYTES, SEVERITY_LOW, 7, "main.a");
        add_of(&of_process, "c_leak", MEASURE_C_LIVE_BYTES, SEVERITY_LOW, 5, "main.a");
        add_of(&of_process, "step", MEASURE_C_LIVE_BYTES, SEVERITY_LOW, 4, "");
        add_of(&of_process, "step", MEASURE_HEAP_LIVE_BYTES, SEVERITY_LOW, 3, "");
        findings_join(&all, &of_process);
        assert_int_equal(all.count, 4);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(all.items[i]->processes, process);
        }
    }
    assert_true(findings_have(&all, MEASURE_HEAP_LIVE_BYTES) && !findings_have(&all, MEASURE_GOROUTINES));
    struct findings severe = {.service = "a"};
    add_of(&severe, "step", MEASURE_HEAP_LIVE_BYTES, SEVERITY_HIGH, 1, "");
    findings_join(&all, &severe);
    assert_int_equal(all.count, 4);
    assert_true(all.items[3]->severity == SEVERITY_HIGH && all.items[3]->processes == 3);
    findings_free(&all);
}

// Of two processes the one with more memory stays, and the nearest limit.
TEST(nearest_limit) {
    struct findings all = {0};
    static const double seconds[] = {NAN, 7200, 600, 3600}, bytes[] = {1, 2, 1, 3};
    for (int process = 0; process < 4; process++) {
        struct findings of_process = {.service = "a"};
        struct finding *finding = findings_add(&of_process, "memory_limit", MEASURE_COUNT, SEVERITY_LOW, bytes[process]);
        finding->limit_seconds = seconds[process];
        finding->limit_from_ms = 1000 * process;
        findings_join(&all, &of_process);
    }
    assert_true(all.count == 1 && all.items[0]->weight == 3);
    assert_true(all.items[0]->limit_seconds == 600 && all.items[0]->limit_from_ms == 2000);
    findings_free(&all);
}

// All at different sites: the worst are kept, the others counted.
TEST(many) {
    struct findings all = {0};
    for (int i = 0; i < 5 * FINDINGS_KEPT; i++) {
        char site[20];
        snprintf(site, sizeof site, "s%d", i);
        struct findings of_process = {0};
        add_finding(&of_process, "c_leak", i == 7 ? SEVERITY_HIGH : SEVERITY_LOW, i, site);
        findings_join(&all, &of_process);
        assert_true(all.count < 2 * FINDINGS_KEPT);
    }
    findings_sort(&all);
    assert_int_equal(all.count + all.left_out, 5 * FINDINGS_KEPT);
    assert_string_equal(all.items[0]->site, "s7");
    for (int i = 1; i < FINDINGS_SHOWN; i++) {
        assert_true(all.items[i]->weight == 5 * FINDINGS_KEPT - i);
    }
    findings_free(&all);
}

TEST(json) {
    struct findings findings = {0};
    struct finding *finding = add_finding(&findings, "c_leak", SEVERITY_HIGH, 1, "\"<b>\"");
    struct profile *profile = new_heap_profile();
    struct profile_sample_view sample;
    add_live(profile, LEAKY, 1, true);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    finding_set_stack(finding, &sample, "main.report");
    finding->slope_bytes_per_minute = 2.5;
    finding->unit = "bytes";
    snprintf(finding->attachment, sizeof finding->attachment, "delta-heap.pprof");
    finding->first_upload = 3;
    finding->last_upload = 9;
    finding->points[0] = (struct series_point){1000, 5};
    finding->point_count = 1;
    add_finding(&findings, "lock_contention", SEVERITY_LOW, 1, "locks");
    struct json json = {0};
    json_object_begin(&json);
    findings_write(&findings, &json);
    json_object_end(&json);
    expect_at(&json, "$.findings[0].severity", "high");
    expect_at(&json, "$.findings[0].title", "1 in \"<b>\"");
    expect_at(&json, "$.findings[0].slope_bytes_per_minute", "2.5");
    expect_at(&json, "$.findings[0].stack", "[\"malloc\",\"sqlite3MemMalloc\",\"sqlite.(*Conn).prepare\",\"main.report\",\"main.main\"]");
    expect_at(&json, "$.findings[0].site", "main.report");
    expect_at(&json, "$.findings[0].own_frames", "[1,3,4]"); // not malloc
    expect_at(&json, "$.findings[0].uploads", "[3,9]");
    expect_at(&json, "$.findings[0].series", "[[1000,5]]");
    expect_at(&json, "$.findings[1].slope_bytes_per_minute", "null");
    expect_at(&json, "$.findings[1].stack", "[]");
    json_free(&json);
    findings_free(&findings);
    profile_free(profile);
}

TEST(bound) {
    struct findings findings = {0};
    for (int i = 0; i < FINDINGS_SHOWN + 3; i++) {
        add_finding(&findings, "c_leak", SEVERITY_LOW, i, "x");
    }
    struct json json = {0};
    json_object_begin(&json);
    findings_write(&findings, &json);
    json_object_end(&json);
    expect_at(&json, "$.findings_left_out", "3");
    expect_at(&json, "$.findings[50]", "(none)");
    json_free(&json);
    findings_free(&findings);
}

int main(void) {
    return tests_run();
}
