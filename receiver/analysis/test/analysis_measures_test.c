// analysis_measures_test.c: findings of processes that are not examined.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include "../analysis_choice.h"

#include <math.h>

enum { COUNT = 30 };

static struct findings findings_of(enum measure measure, double (*value)(int), const bool *settled) {
    static struct overview_upload uploads[COUNT];
    struct overview overview = {.uploads = uploads, .count = COUNT};
    struct process *processes;
    size_t count;
    struct findings findings = {.service = "shop", .host = "h1"};
    for (int i = 0; i < COUNT; i++) {
        uploads[i] = (struct overview_upload){
            .id = i + 1, .start_ms = (int64_t)MINUTE_MS * i, .end_ms = (int64_t)MINUTE_MS * (i + 1), .measured = true};
        measures_clear(&uploads[i].measures);
        uploads[i].measures.values[measure] = value(i);
    }
    assert_int_equal(choice_make(&overview, &processes, &count), RECEIVER_OK);
    assert_int_equal(count, 1);
    analysis_measures(&findings, processes, settled);
    choice_free(processes, count);
    return findings;
}

static double growing(int i) {
    return 20e6 + 3e6 * i;
}
static double stepping(int i) {
    return i < 15 ? 20e6 : 120e6;
}
static double few(int i) {
    return 100 + i % 3;
}
static double many(int i) {
    return 3000 + i % 3;
}
static double waiting(int i) {
    return 2 + (i % 3) / 10.0;
}
static double busy(int i) {
    return 2e8 + i % 3;
}

TEST(measures) {
    const struct {
        enum measure measure;
        double (*value)(int);
        const char *kind, *title; // NULL: nothing
    } wanted[] = {
        {MEASURE_C_LIVE_BYTES, growing, "c_leak", "C memory grows by 3 MB a minute; the stacks of this process were not looked at"},
        {MEASURE_HEAP_LIVE_BYTES, growing, "go_heap_growth", "The live heap grows by 3 MB a minute; the stacks"},
        {MEASURE_C_LIVE_BYTES, stepping, "step",
         "C memory rose from 20 MB to 120 MB at once and has stayed since 1970-01-01 00:16 UTC; the stacks"},
        {MEASURE_C_LIVE_BYTES, many, NULL, NULL},
        {MEASURE_GOROUTINES, few, NULL, NULL},
        {MEASURE_GOROUTINES, many, "goroutine_pile_up", "There are 3002 goroutines; the stacks"},
        {MEASURE_LOCK_SECONDS_PER_S, waiting, "lock_contention", "2.1 seconds per second are spent waiting for locks; the stacks"},
        {MEASURE_ALLOC_BYTES_PER_S, busy, "allocation_churn", "200 MB are allocated per second; the stacks"},
        {MEASURE_CPU_CORES, growing, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct findings findings = findings_of(wanted[i].measure, wanted[i].value, NULL);
        assert_int_equal(findings.count, wanted[i].kind ? 1 : 0);
        if (wanted[i].kind && !has_finding(&findings, wanted[i].kind, wanted[i].title)) {
            fail_msg("%s: %s", findings.items[0]->kind, findings.items[0]->title);
        }
        if (wanted[i].kind) {
            assert_true(findings.items[0]->first_upload == 1 && findings.items[0]->last_upload == COUNT);
            assert_int_equal(findings.items[0]->point_count, COUNT);
            assert_string_equal(findings.items[0]->host, "h1");
        }
        findings_free(&findings);
    }
}

// For an examined process, only what its profiles could not decide.
TEST(settled) {
    for (int all = 0; all < 2; all++) {
        const bool settled[MEASURE_COUNT] = {[MEASURE_C_LIVE_BYTES] = all, [MEASURE_HEAP_LIVE_BYTES] = true};
        struct findings findings = findings_of(MEASURE_C_LIVE_BYTES, growing, settled);
        assert_int_equal(findings.count, all ? 0 : 1);
        assert_true(all || has_finding(&findings, "c_leak", "grows by 3 MB a minute; not all stacks of this process could be looked at"));
        findings_free(&findings);
    }
}

int main(void) {
    return tests_run();
}
