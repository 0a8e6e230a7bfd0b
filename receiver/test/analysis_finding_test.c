// analysis_finding_test.c: amounts for people, order, what two processes share, the JSON.
#include "analysis_series.h"

static void test_amounts(void **state) {
    (void)state;
    char text[FINDING_AMOUNT_BYTES];
    assert_string_equal(finding_bytes(999, text), "999 B");
    assert_string_equal(finding_bytes(1234567, text), "1.23 MB");
    assert_string_equal(finding_rate(2.5e6, text), "2.5 MB a second");
    assert_string_equal(finding_rate(20000, text), "1.2 MB a minute");
    assert_string_equal(finding_rate(300, text), "1.08 MB an hour");
    assert_string_equal(finding_rate(1, text), "86.4 kB a day");
    assert_string_equal(finding_duration(30, text), "30 seconds");
    assert_string_equal(finding_duration(1800, text), "30 minutes");
    assert_string_equal(finding_duration(9000, text), "2.5 hours");
}

static struct finding *add_finding(struct findings *findings, const char *kind, enum severity severity, double weight, const char *title) {
    struct finding *finding = findings_add(findings, kind, severity, weight);
    assert_non_null(finding);
    snprintf(finding->title, sizeof finding->title, "%s", title);
    return finding;
}

static void test_order_and_sharing(void **state) {
    (void)state;
    struct findings findings = {0};
    add_finding(&findings, "c_leak", SEVERITY_LOW, 5, "small in main.a");
    findings_settle(&findings, "main.a");
    add_finding(&findings, "c_leak", SEVERITY_HIGH, 10, "in main.b");
    findings_settle(&findings, "main.b");
    add_finding(&findings, "c_leak", SEVERITY_HIGH, 20, "more in main.b"); // the same of another process
    findings_settle(&findings, "main.b");
    add_finding(&findings, "lock_contention", SEVERITY_HIGH, 1, "main.b waits");
    findings_settle(&findings, "main.b");
    assert_int_equal(findings.count, 3);
    findings_sort(&findings);
    assert_string_equal(findings.items[0]->title, "more in main.b");
    assert_int_equal(findings.items[0]->processes, 2);
    assert_string_equal(findings.items[1]->title, "main.b waits");
    assert_string_equal(findings.items[2]->title, "small in main.a");
    findings_free(&findings);
}

static void test_json(void **state) {
    (void)state;
    struct findings findings = {0};
    struct finding *finding = add_finding(&findings, "c_leak", SEVERITY_HIGH, 1, "\"<b>\"");
    struct profile *profile = new_heap_profile();
    struct profile_sample_view sample;
    add_live(profile, LEAKY, 1, true);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    finding_set_stack(finding, &sample);
    finding->slope_bytes_per_s = 2.5;
    finding->attachment = "delta-heap.pprof";
    finding->first_upload = 3;
    finding->last_upload = 9;
    finding->points[0] = (struct metrics_point){1000, 5};
    finding->point_count = 1;
    add_finding(&findings, "lock_contention", SEVERITY_LOW, 1, "locks");
    struct json json = {0};
    json_object_begin(&json);
    findings_write(&findings, &json);
    json_object_end(&json);
    expect_at(&json, "$.findings[0].severity", "high");
    expect_at(&json, "$.findings[0].title", "\"<b>\"");
    expect_at(&json, "$.findings[0].slope_bytes_per_s", "2.5");
    expect_at(&json, "$.findings[0].stack", "[\"malloc\",\"sqlite3MemMalloc\",\"sqlite.(*Conn).prepare\",\"main.report\",\"main.main\"]");
    expect_at(&json, "$.findings[0].uploads", "[3,9]");
    expect_at(&json, "$.findings[0].series", "[[1000,5]]");
    expect_at(&json, "$.findings[1].slope_bytes_per_s", "null");
    expect_at(&json, "$.findings[1].stack", "[]");
    json_free(&json);
    findings_free(&findings);
    profile_free(profile);
}

static void test_bound(void **state) {
    (void)state;
    struct findings findings = {0};
    for (int i = 0; i < FINDINGS_MAX; i++) {
        add_finding(&findings, "c_leak", SEVERITY_LOW, i, "x");
    }
    assert_null(findings_add(&findings, "c_leak", SEVERITY_LOW, 1));
    findings_free(&findings);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_amounts), cmocka_unit_test(test_order_and_sharing),
                                       cmocka_unit_test(test_json), cmocka_unit_test(test_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
