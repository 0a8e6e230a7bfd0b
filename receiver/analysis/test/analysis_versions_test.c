// analysis_versions_test.c: regressions since a version change, with figures; changes for other reasons are ignored.

#include "../../../base/test/test.h"

#include "analysis_scene.h"

#define BYTES(text) (text), sizeof(text) - 1

static bool is_new(const struct moment *moment) {
    return strcmp(moment->version, "1.0") != 0;
}
static void twice_the_cpu(struct moment *moment) {
    say_cpu(moment, "main.serve", 0.4);
    say_cpu(moment, "main.render", is_new(moment) ? 0.5 : 0.1);
}
static void busier(struct moment *moment) { // over the day, by a tenth per hour
    say_cpu(moment, "main.serve", 0.5 * (1 + 0.1 * moment->minute / 60));
    say_go(moment, "main.cache", 50 * MB, 5e6 * (1 + 0.1 * moment->minute / 60));
}
static void less(struct moment *moment) {
    say_cpu(moment, "main.serve", is_new(moment) ? 0.3 : 0.6);
}
static void warms_up(struct moment *moment) { // each process fills its cache
    say_c(moment, "main.cache", fmin(20 * MB + 10 * MB * moment->i, 120 * MB));
    say_cpu(moment, "main.serve", 0.5);
}

static void some_broken(struct moment *moment) {
    if (moment->i % 3 == 1) {
        moment->other = "cpu.pprof";
        moment->bytes = "garbage";
    } else {
        twice_the_cpu(moment);
    }
}

static void deploy(struct scene *scene, const char *service, fill_moment *fill, double after) {
    run(scene, &(struct run){service, "h1", "1.0", 1, 0, 60, 2}, fill);
    run(scene, &(struct run){service, "h1", "1.1", 2, 60, 60 + after, 2}, fill);
}

TEST_IN(scene, versions) {
    struct scene *scene = *state;
    deploy(scene, "cpu", twice_the_cpu, 60);
    deploy(scene, "busier", busier, 60);
    deploy(scene, "less", less, 60);
    deploy(scene, "warms-up", warms_up, 60);
    deploy(scene, "just-now", twice_the_cpu, 8); // four uploads: too few to tell
    deploy(scene, "some-broken", some_broken, 60);
    // The same on two hosts, where both versions overlap in time.
    run(scene, &(struct run){"rolling", "h1", "1.0", 1, 0, 60, 2}, twice_the_cpu);
    run(scene, &(struct run){"rolling", "h2", "1.0", 1, 0, 70, 2}, twice_the_cpu);
    run(scene, &(struct run){"rolling", "h1", "1.1", 2, 60, 100, 2}, twice_the_cpu);
    run(scene, &(struct run){"rolling", "h2", "1.1", 2, 70, 100, 2}, twice_the_cpu);
    struct json json = analysis_of(scene, "cpu");
    expect_at(&json, "$.findings[0].kind", "regression");
    expect_at(&json, "$.findings[0].title", "Version 1.1 of cpu uses 0.9 cores, 1.8 times what 1.0 did (0.5 cores)");
    expect_at(
        &json, "$.findings[0].evidence",
        "Medians of 15 uploads before 2026-01-02 01:06 UTC and of 15 after; three of four after it are above three of four before it. More "
        "load would do that as well. Most of it: main.render, from 0.1 cores to 0.5 cores.");
    expect_at(&json, "$.findings[0].unit", "cores");
    expect_at(&json, "$.findings[0].site", "main.render");
    expect_at(&json, "$.findings[0].attachment", "cpu.pprof");
    expect_at(&json, "$.findings[1]", "(none)");
    json_free(&json);
    static const char *const calm[] = {"busier", "less", "warms-up", "just-now"};
    for (size_t i = 0; i < sizeof calm / sizeof *calm; i++) {
        json = analysis_of(scene, calm[i]);
        expect_at(&json, "$.findings", "[]");
        json_free(&json);
    }
    json = analysis_of(scene, "just-now");
    expect_at(&json, "$.complete", "0");
    expect_at(&json, "$.not_looked_at[0]", "1 version change with fewer than 5 uploads before or after");
    json_free(&json);
    json = analysis_of(scene, "some-broken");
    expect_at(&json, "$.findings[0].site", "main.render");
    assert_non_null(memmem(json.bytes, json.size, BYTES(" profiles of versions or restarts that were compared: not a readable profile")));
    json_free(&json);
    json = analysis_of(scene, "rolling");
    expect_at(&json, "$.findings[0].title", "Version 1.1 of rolling uses 0.9 cores, 1.8 times what 1.0 did (0.5 cores)");
    expect_at(&json, "$.findings[1]", "(none)");
    json_free(&json);
}

static void renamed(struct moment *moment) { // the new version's client names its file differently
    moment->heap_name = is_new(moment) ? "delta-heap.pprof" : "heap.pprof";
    say_c(moment, "main.cache", is_new(moment) ? 150 * MB : 50 * MB);
}
static void c_seen_since(struct moment *moment) { // new memory, or a client that sees it
    say_go(moment, "main.cache", 50 * MB, 1e6);
    if (is_new(moment)) {
        say_c(moment, "main.pool", 100 * MB);
    }
}
static void no_profile_before(struct moment *moment) { // of CPU time, except a few
    if (is_new(moment) || moment->i % 15 == 0) {
        say_cpu(moment, "main.serve", 0.5);
    }
    say_go(moment, "main.cache", 50 * MB, 1e6);
}

// Files with other names are compared with those before; too few are reported.
TEST_IN(scene, other_names) {
    struct scene *scene = *state;
    deploy(scene, "renamed", renamed, 60);
    deploy(scene, "few", no_profile_before, 60);
    deploy(scene, "seen", c_seen_since, 60);
    struct json json = analysis_of(scene, "renamed");
    expect_at(&json, "$.findings[0].kind", "regression");
    expect_at(&json, "$.findings[0].site", "main.cache");
    expect_at(&json, "$.findings[0].attachment", "delta-heap.pprof");
    expect_at(&json, "$.unread", "[]");
    json_free(&json);
    json = analysis_of(scene, "few");
    expect_at(&json, "$.findings", "[]");
    expect_at(&json, "$.complete", "0");
    expect_at(&json, "$.not_looked_at[0]", "the stacks of 1 version change: compared by totals");
    json_free(&json);
    json = analysis_of(scene, "seen");
    expect_at(&json, "$.findings", "[]");
    expect_at(&json, "$.headline", "Nothing found in 2 processes; 1 version change could not be compared");
    expect_at(&json, "$.not_looked_at[0]", "a part of 1 version change: memory or CPU time that fewer than 5 uploads before or after have");
    json_free(&json);
}

// More changes than can be examined: the strongest by measures are, and the others are reported as compared by measures alone.
TEST_IN(scene, many_changes) {
    struct scene *scene = *state;
    for (int i = 0; i < 6; i++) {
        char name[20];
        snprintf(name, sizeof name, "s%d", i);
        run(scene, &(struct run){name, "h1", "1.0", 1, 0, 10, 1}, i == 5 ? twice_the_cpu : less);
        run(scene, &(struct run){name, "h1", "1.1", 2, 10, 20, 1}, i == 5 ? twice_the_cpu : less);
    }
    struct json json = analysis_of(scene, NULL);
    expect_at(&json, "$.findings[0].service", "s5");
    expect_at(&json, "$.findings[0].site", "main.render"); // the first one examined
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.not_looked_at[0]", "the stacks of 2 version changes: compared by totals");
    json_free(&json);
}

// The newest eight versions of a service are compared.
TEST_IN(scene, many_versions) {
    struct scene *scene = *state;
    for (int i = 0; i < 10; i++) {
        char version[20];
        snprintf(version, sizeof version, "2.%d", i);
        run(scene, &(struct run){"often", "h1", version, i, 10 * i, 10 * i + 10, 1}, less);
    }
    struct json json = analysis_of(scene, NULL);
    expect_at(&json, "$.not_looked_at[1]", "2 older version changes: of each service the newest 8 versions are compared");
    json_free(&json);
}

int main(void) {
    return tests_run();
}
