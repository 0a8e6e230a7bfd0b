// analysis_memory_test.c: leaks, heap growth and goroutines are found and named; steady processes, caches and warm-ups are left alone.
#include "analysis_series.h"

static const struct heap go_heap = {"delta-heap.pprof", "inuse_space", "Go "};

static uint32_t noise_state;
static double noisy(double value, int i, int salt) { // within 6 % of it, the same for the same profile
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
    assert_true(analysis_live_memory(findings, &stacks, &go_heap));
    stacks_free(&stacks);
}

static void test_leak(void **state) {
    (void)state;
    struct findings findings;
    find(&findings, leaking, 30);
    assert_int_equal(findings.count, 1);
    const struct finding *finding = findings.items[0];
    assert_string_equal(finding->title, "C memory allocated in sqlite3MemMalloc for main.report grows by 3 MB a minute and is not freed");
    assert_string_equal(finding->kind, "c_leak");
    assert_int_equal(finding->severity, SEVERITY_HIGH);
    assert_true(finding->slope_bytes_per_s > 49000 && finding->slope_bytes_per_s < 51000);
    assert_true(finding->first_upload == 1 && finding->last_upload == 30 && finding->point_count == 30);
    assert_string_equal(finding->stack[0], "malloc");
    assert_non_null(strstr(finding->evidence, "over 30 profiles in 29 minutes"));
    findings_free(&findings);
}

static void test_heap_growth(void **state) {
    (void)state;
    struct findings findings;
    find(&findings, go_growing, 30);
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "go_heap_growth", "The Go heap grows by 5"));
    assert_true(has_finding(&findings, "go_heap_growth", "allocated by main.cache"));
    findings_free(&findings);
}

static void test_nothing_is_found_in_what_is_steady(void **state) {
    (void)state;
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

// ---- Goroutines ----

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
static void goroutines_pile(struct profile *profile, int i) {
    add_goroutines(profile, "main.queue", 5000 + i % 3);
}

static void find_goroutines(struct findings *findings, fill_profile *fill) {
    struct stacks stacks;
    *findings = (struct findings){0};
    fill_stacks(&stacks, "goroutine", fill, 20);
    assert_true(analysis_goroutines(findings, &stacks));
    stacks_free(&stacks);
}

static void test_goroutines(void **state) {
    (void)state;
    struct findings findings;
    find_goroutines(&findings, goroutines_leak);
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "goroutine_growth", "Goroutines of main.wait grow by 8 a minute"));
    findings_free(&findings);
    find_goroutines(&findings, goroutines_steady);
    assert_int_equal(findings.count, 0);
    find_goroutines(&findings, goroutines_pile);
    assert_int_equal(findings.count, 1);
    assert_true(has_finding(&findings, "goroutine_pile_up", "5001 goroutines stand at the same place in main.queue"));
    findings_free(&findings);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_leak), cmocka_unit_test(test_heap_growth),
                                       cmocka_unit_test(test_nothing_is_found_in_what_is_steady), cmocka_unit_test(test_goroutines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
