// analysis_memory_test.c: finds and names leaks, heap growth and plateaus; ignores steady processes, caches and warm-ups.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include <math.h>

static const struct heap go_heap = {"delta-heap.pprof", "inuse_space", "Go "};

static uint32_t noise_state;
static double noisy(double value, int i, int salt) { // within 6 %, equal for the same profile
    noise_state = (uint32_t)(i * 2654435761u + (uint32_t)salt * 40503u + 12345u);
    noise_state ^= noise_state >> 15, noise_state *= 2246822519u, noise_state ^= noise_state >> 13;
    return value * (0.94 + 0.12 * (noise_state % 1000) / 1000);
}

static void leaking(struct profile *profile, int i) {
    add_live(profile, LEAKY, 4e6 + 3e6 * i, true);
    add_live(profile, FRAMES("malloc /m.c", "pool /p.c", "main.pool /p.go"), noisy(50e6, i, 1), true);
    add_live(profile, CACHE, noisy(80e6, i, 2), false);
}
static void steady(struct profile *profile, int i) {
    for (int k = 0; k < 40; k++) {
        char name[40];
        snprintf(name, sizeof name, "main.f%d /f.go", k);
        add_live(profile, FRAMES("malloc /m.c", name, "main.main /m.go"), noisy(1e6 * (k + 1), i, k), k % 2);
    }
}
static void cache_is_emptied(struct profile *profile, int i) {
    add_live(profile, LEAKY, 5e6 + 6e6 * (i % 10), true);
    add_live(profile, CACHE, 5e6 + 6e6 * ((i + 4) % 10), false);
}
static void warming_up(struct profile *profile, int i) {
    add_live(profile, LEAKY, noisy(i < 6 ? 12e6 * (i + 1) : 72e6, i, 1), true);
    add_live(profile, CACHE, noisy(i < 6 ? 12e6 * (i + 1) : 72e6, i, 2), false);
}
static void too_little(struct profile *profile, int i) { // below what sampling can tell: 3 MB in all
    add_live(profile, LEAKY, 1e5 * i, true);
    add_live(profile, CACHE, noisy(80e6, i, 2), false);
}
static void go_growing(struct profile *profile, int i) {
    add_live(profile, CACHE, 20e6 + 5e6 * i, false);
    add_live(profile, FRAMES("main.other /o.go"), noisy(30e6, i, 3), false);
}

static void find(struct findings *findings, fill_profile *fill, int count) {
    struct stacks stacks;
    *findings = (struct findings){0};
    fill_stacks(&stacks, "inuse_space", fill, count);
    assert_true(analysis_live_memory(findings, &stacks, &(struct ages){0}, &go_heap));
    stacks_free(&stacks);
}

TEST(leak) {
    struct findings findings;
    find(&findings, leaking, 30);
    assert_int_equal(findings.count, 1);
    const struct finding *finding = findings.items[0];
    assert_string_equal(finding->title, "C memory allocated in sqlite3MemMalloc for main.report grows by 3 MB a minute and is not freed");
    assert_string_equal(finding->kind, "c_leak");
    assert_int_equal(finding->severity, SEVERITY_HIGH);
    assert_true(finding->slope_bytes_per_minute > 2.95e6 && finding->slope_bytes_per_minute < 3.05e6);
    assert_true(finding->first_upload == 1 && finding->last_upload == 30 && finding->point_count == 30);
    assert_string_equal(finding->stack[0].name, "malloc");
    assert_non_null(strstr(finding->evidence, "over 30 profiles in 29 minutes"));
    findings_free(&findings);
}

TEST(heap_growth) {
    struct findings findings;
    find(&findings, go_growing, 30);
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "go_heap_growth", "The Go heap grows by 5"));
    assert_true(has_finding(&findings, "go_heap_growth", "allocated by main.cache"));
    findings_free(&findings);
}

TEST(nothing_is_found_in_what_is_steady) {
    static fill_profile *const fills[] = {steady, cache_is_emptied, warming_up, too_little};
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        struct findings findings;
        find(&findings, fills[i], 30);
        if (findings.count > 0) {
            fail_msg("series %zu: %s", i, findings.items[0]->title);
        }
        findings_free(&findings);
    }
}

// A leak that lasts ten minutes and stops is found while it grows and at any time after.
static int stops_after;
static void stopping(struct profile *profile, int i) {
    add_live(profile, CACHE, noisy(80e6, i, 2), false);
    add_live(profile, LEAKY, 10e6 + (i < 15 ? 0 : i < 25 ? 30e6 * (i - 14) : 300e6), true);
}
TEST(what_stopped_stays_found) {
    for (stops_after = 24; stops_after <= 60; stops_after += 4) {
        struct findings findings;
        find(&findings, stopping, stops_after);
        if (findings.count != 1) {
            fail_msg("%zu findings after %d minutes", findings.count, stops_after);
        }
        assert_string_equal(findings.items[0]->site, "main.report");
        findings_free(&findings);
    }
    struct findings findings;
    find(&findings, stopping, 60);
    assert_string_equal(findings.items[0]->title,
                        "C memory allocated in sqlite3MemMalloc for main.report rose from 10 MB to 310 MB within 7 "
                        "minutes and has stayed since 1970-01-01 00:22 UTC");
    assert_true(isnan(findings.items[0]->slope_bytes_per_minute));
    assert_int_equal(findings.items[0]->severity, SEVERITY_MEDIUM);
    findings_free(&findings);
}

TEST(severity) {
    struct shape shape = {.kind = SHAPE_GROWS, .trend.slope_per_s = 2e9 / 86400, .to = 1e9};
    assert_int_equal(memory_severity(&shape, true), SEVERITY_HIGH);
    assert_int_equal(memory_severity(&shape, false), SEVERITY_MEDIUM);
    shape = (struct shape){.kind = SHAPE_STEP, .to = 300e6};
    assert_int_equal(memory_severity(&shape, true), SEVERITY_MEDIUM);
    shape.from_start = true;
    assert_int_equal(memory_severity(&shape, true), SEVERITY_LOW);
    assert_true(memory_matters(&shape, true, 524288) && !memory_matters(&shape, false, 524288));
    shape.to = 10e6;
    shape.from_start = false;
    assert_false(memory_matters(&shape, true, 1));
}

int main(void) {
    return tests_run();
}
