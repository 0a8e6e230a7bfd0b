// analysis_choice_test.c: processes are examined by what they used, not by how often they sent.

#include "../../../base/test/test.h"

#include "analysis_scene.h"

#include "../analysis_choice.h"

static void steady(struct moment *moment) {
    say_go(moment, "main.cache", sampled(moment, 60 * MB), 4e6);
    say_c(moment, "main.pool", sampled(moment, 20 * MB));
}

// The twelfth of twelve hosts leaks 20 MB per minute, and has the fewest uploads.
static void leak_of_20(struct moment *moment) {
    steady(moment);
    say_c(moment, "main.report", sampled(moment, 20 * MB * (moment->minute - 40)));
}

TEST_IN(scene, twelfth_host) {
    struct scene *scene = *state;
    for (int host = 1; host <= 11; host++) {
        char name[16];
        snprintf(name, sizeof name, "h%d", host);
        run(scene, &(struct run){"fleet", name, "1", 1, 0, 60, 1}, steady);
    }
    run(scene, &(struct run){"fleet", "h12", "1", 1, 40, 60, 1}, leak_of_20);
    struct json json = analysis_of(scene, NULL);
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].host", "h12");
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.processes", "12");
    expect_at(&json, "$.processes_looked_into", "12");
    expect_at(&json, "$.complete", "1");
    json_free(&json);
}

// More than can be examined: leaking ones come first, and the worst of each service before others of the same.
static void many(struct moment *moment) {
    bool leaks = strcmp(moment->service, "s7") == 0 || (strcmp(moment->service, "s3") == 0 && strcmp(moment->host, "h1") == 0);
    say_go(moment, "main.cache", 40 * MB, 1e5);
    say_c(moment, "main.report", leaks ? 30 * MB * moment->minute : 5 * MB);
}

TEST_IN(scene, too_many) {
    struct scene *scene = *state;
    for (int service = 0; service < 8; service++) {
        for (int host = 0; host < 15; host++) {
            char name[16], host_name[16];
            snprintf(name, sizeof name, "s%d", service);
            snprintf(host_name, sizeof host_name, "h%d", host);
            run(scene, &(struct run){name, host_name, "1", 1, 0, 8, 1}, many);
        }
    }
    struct json json = analysis_of(scene, NULL);
    expect_at(&json, "$.processes", "120");
    expect_at(&json, "$.processes_looked_into", "90"); // of 8 uploads each
    expect_at(&json, "$.not_looked_at[0]", "the stacks of 30 of 120 processes: these were looked at by their totals");
    expect_at(&json, "$.headline", "2 findings; the stacks of 30 of 120 processes were not looked at");
    expect_at(&json, "$.findings[0].service", "s3");
    expect_at(&json, "$.findings[1].service", "s7");
    expect_at(&json, "$.findings[1].processes", "15");
    expect_at(&json, "$.findings[2]", "(none)");
    json_free(&json);
}

// Evenly spaced, with both ends.
TEST(thin) {
    struct overview_upload uploads[100] = {0};
    struct listed_upload thin[TREND_MAX_POINTS];
    struct series_point points[TREND_MAX_POINTS];
    struct measures measures[TREND_MAX_POINTS];
    for (int i = 0; i < 100; i++) {
        uploads[i].id = i;
        uploads[i].measures.values[MEASURE_GOROUTINES] = i == 50 ? NAN : i;
    }
    struct process process = {.uploads = uploads, .count = 100};
    assert_int_equal(choice_thin(&process, 24, thin), 24);
    assert_true(thin[0].id == 0 && thin[23].id == 99 && thin[12].id == 51);
    assert_int_equal(choice_thin(&process, 60, thin), 60);
    assert_int_equal(choice_series(&process, MEASURE_GOROUTINES, points, measures), 59); // the 50th is one of them
    process.count = 3;
    assert_int_equal(choice_thin(&process, 24, thin), 3);
}

int main(void) {
    return tests_run();
}
