// analysis_goroutines_test.c: goroutines that increase, that increased and stay, and that pile up.

#include "../../../base/test/test.h"

#include "analysis_series.h"

static void add_goroutines(struct profile *profile, const char *site, int64_t count) {
    char frame[60];
    snprintf(frame, sizeof frame, "%s /g.go", site);
    add_stack(profile, FRAMES("runtime.gopark /p.go", frame), VALUES(count), false);
}
static void goroutines_leak(struct profile *profile, int i) {
    add_goroutines(profile, "main.wait", 10 + 8 * i);
    add_goroutines(profile, "main.serve", 30 + i % 5);
}
static void goroutines_steady(struct profile *profile, int i) {
    add_goroutines(profile, "main.serve", 300 + (i * 37) % 50);
    add_goroutines(profile, "main.burst", i % 7 ? 2 : 60);
}
static void goroutines_stay(struct profile *profile, int i) {
    add_goroutines(profile, "main.wait", i < 8 ? 20 : 300);
}
static void goroutines_pile(struct profile *profile, int i) {
    add_goroutines(profile, "main.queue", 5000 + i % 3);
}

static void find_goroutines(struct findings *findings, fill_profile *fill) {
    struct stacks stacks;
    *findings = (struct findings){0};
    fill_stacks(&stacks, "goroutine", fill, 20);
    assert_true(analysis_goroutines(findings, &stacks, "goroutines.pprof"));
    stacks_free(&stacks);
}

TEST(goroutines) {
    struct findings findings;
    find_goroutines(&findings, goroutines_leak);
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "goroutine_growth", "The number of goroutines of main.wait grows by 8 a minute"));
    findings_free(&findings);
    find_goroutines(&findings, goroutines_steady);
    assert_int_equal(findings.count, 0);
    find_goroutines(&findings, goroutines_stay);
    assert_int_equal(findings.count, 1);
    assert_true(
        has_finding(&findings, "goroutine_plateau", "of main.wait rose from 20 to 300 at once and has stayed since 1970-01-01 00:08"));
    findings_free(&findings);
    find_goroutines(&findings, goroutines_pile);
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "goroutine_pile_up", "5001 goroutines have the same stack in main.queue"));
    findings_free(&findings);
}

static void leak_none(struct profile *profile, int i) {
    (void)profile;
    (void)i;
}
static void leak_some(struct profile *profile, int i) {
    if (i >= 5) {
        add_goroutines(profile, "main.answer", 3);
        add_goroutines(profile, "main.late", i);
        add_goroutines(profile, "main.grows", i * 2);
    }
    add_goroutines(profile, "main.gone", i < 10 ? 1 : 0);
}
static void leak_many(struct profile *profile, int i) {
    (void)i;
    for (int site = 0; site < 25; site++) {
        char name[40];
        snprintf(name, sizeof name, "main.leak%d", site);
        add_goroutines(profile, name, 1);
    }
}

static void leak_last(struct profile *profile, int i) {
    leak_many(profile, i);
    add_goroutines(profile, "main.largest", 100000);
}

static void find_leaked(struct findings *findings, fill_profile *fill) {
    struct stacks stacks;
    *findings = (struct findings){0};
    fill_stacks(&stacks, "goroutineleak", fill, 20);
    assert_true(analysis_leaked_goroutines(findings, &stacks, "goroutineleak.pprof"));
    stacks_free(&stacks);
}

TEST(leaked_goroutines) {
    struct findings findings = {0};
    assert_true(analysis_leaked_goroutines(&findings, &(struct stacks){0}, NULL));
    assert_int_equal(findings.count, 0);
    find_leaked(&findings, leak_none);
    assert_int_equal(findings.count, 0);
    find_leaked(&findings, leak_some); // one that is not in the newest profile was none
    assert_int_equal(findings.count, 3);
    assert_true(has_finding(&findings, "goroutine_leak", "3 goroutines of main.answer can never run again"));
    assert_true(has_finding(&findings, "goroutine_leak", "19 goroutines of main.late can never run again"));
    assert_true(has_finding(&findings, "goroutine_leak", "38 goroutines of main.grows can never run again"));
    findings_sort(&findings);
    assert_int_equal(findings.items[0]->severity, SEVERITY_HIGH); // 38, and more each time
    assert_non_null(strstr(findings.items[0]->evidence,
                           "There were 10 with this stack in the first profile looked at that had any, of 1970-01-01 00:05"));
    assert_int_equal(findings.items[1]->severity, SEVERITY_MEDIUM);
    assert_string_equal(findings.items[1]->attachment, "goroutineleak.pprof");
    assert_true(findings.items[1]->measure == MEASURE_COUNT && findings.items[1]->frame_count == 2);
    findings_free(&findings);
    find_leaked(&findings, leak_many);
    assert_true(findings.count == 20 && findings.left_out == 5);
    assert_true(has_finding(&findings, "goroutine_leak", "1 goroutine of main.leak0 can never run again"));
    findings_free(&findings);
    find_leaked(&findings, leak_last); // the largest is told, wherever it stands
    assert_true(findings.count == 20 && findings.left_out == 6);
    assert_true(has_finding(&findings, "goroutine_leak", "100000 goroutines of main.largest can never run again"));
    findings_free(&findings);
}

int main(void) {
    return tests_run();
}
