// watch_test.c: findings and figures as metrics; the thread works when somebody asks, and an analysis never holds up the end.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../watch.h"
#include "../../analysis/analysis_finding.h"
#include "../../index/catalog_row.h"

#include <math.h>
#include <pthread.h>

enum { MINUTES = 12 };
static const int64_t scene_ms = 1767323700000; // 2026-01-02T03:15:00Z

static void leak(struct test_store *test) {
    for (int i = 0; i < MINUTES; i++) {
        upload_blob(test, "leaky", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 6000000 * i));
    }
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0);
}

static char *metrics_of(struct watch *watch) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    watch_write(watch, &(struct exposition){.out = out});
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect(struct watch *watch, const char *line, bool is_there) {
    char *text = metrics_of(watch);
    if (!strstr(text, line) == is_there) {
        fail_msg("%s is%s in %s", line, is_there ? " not" : "", text);
    }
    free(text);
}

struct seen {
    size_t calls, findings;
    int64_t now_ms;
};

static void see(void *context, const struct findings *findings, int64_t now_ms) {
    struct seen *seen = context;
    *seen = (struct seen){seen->calls + 1, findings->count, now_ms};
}

TEST_IN(store, findings) {
    struct test_store *test = *state;
    struct seen seen = {0};
    const struct watch_options options = {.on_findings = see, .context = &seen};
    struct watch *watch = watch_new(test->store, &options);
    expect(watch, "\ncmemprof_analysis_timestamp_seconds 0\n", true);
    leak(test);
    watch_analyse(watch, scene_ms);
    expect(watch, "\ncmemprof_leak_bytes_per_second{service=\"shop\",site=\"main.a\"} 100000\n", true);
    expect(watch, "\ncmemprof_findings{service=\"shop\",kind=\"c_leak\",severity=\"high\"} 1\n", true);
    expect(watch, "\ncmemprof_analysis_timestamp_seconds 1767323700\n", true);
    expect(watch, "\ncmemprof_analyses_total 1\n", true);
    assert_true(seen.calls == 1 && seen.findings == 1 && seen.now_ms == scene_ms);
    watch_analyse(watch, scene_ms + 7 * 3600000); // they are old now
    expect(watch, "cmemprof_leak_bytes_per_second{", false);
    assert_true(seen.calls == 2 && seen.findings == 0);
    watch_stop(watch);
}

// By measures at once, by stacks once they were looked at.
TEST_IN(store, suspects) {
    struct test_store *test = *state;
    const struct watch_options options = {0};
    struct watch *watch = watch_new(test->store, &options);
    struct json json = {0};
    leak(test);
    assert_int_equal(watch_write_suspects(watch, scene_ms, &json), RECEIVER_OK);
    expect_at(&json, "$.by_measures_alone", "1");
    expect_at(&json, "$.suspects[0].service", "shop");
    expect_at(&json, "$.suspects[0].site", "null");
    json_free(&json);
    assert_int_equal(watch_write_suspects(watch, scene_ms + 7 * 3600000, &json), RECEIVER_OK); // what is known is new enough
    expect_at(&json, "$.made_ms", "1767323700000");
    json_free(&json);
    watch_analyse(watch, scene_ms);
    assert_int_equal(watch_write_suspects(watch, scene_ms, &json), RECEIVER_OK);
    expect_at(&json, "$.by_measures_alone", "0");
    expect_at(&json, "$.processes_not_examined", "0");
    expect_at(&json, "$.analysis_failed", "0");
    expect_at(&json, "$.suspects[0].site", "main.a");
    expect_at(&json, "$.suspects[0].slope_bytes_per_minute", "6000000");
    json_free(&json);
    watch_stop(watch);
}

static int64_t now_ms_of_test;

static int64_t clock_of_test(void) {
    return now_ms_of_test;
}

static int asked; // of the clock: twice by each who asks for suspects, before what is known was looked at

static int64_t counting_clock(void) {
    __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    return 1000;
}

struct asking {
    struct watch *watch;
    int64_t now_ms;
    char made_ms[40];
};

static void *ask(void *state) {
    struct asking *asking = state;
    struct json json = {0};
    if (watch_write_suspects(asking->watch, asking->now_ms, &json) == RECEIVER_OK && json.size > 0) {
        const char *at = memmem(json.bytes, json.size, "\"made_ms\":", 10);
        snprintf(asking->made_ms, sizeof asking->made_ms, "%.13s", at ? at + 10 : "");
    }
    json_free(&json);
    return NULL;
}

// Those who ask at once get one answer.
TEST_IN(store, suspects_are_looked_for_once) {
    enum { ASKING = 4 };
    struct test_store *test = *state;
    const struct watch_options options = {.monotonic_ms = counting_clock};
    struct watch *watch = watch_new(test->store, &options);
    struct asking asking[ASKING];
    pthread_t threads[ASKING];
    leak(test);
    asked = 0;
    pthread_rwlock_wrlock(&store_catalog(test->store)->memory_lock); // nobody gets ready
    for (int i = 0; i < ASKING; i++) {
        asking[i] = (struct asking){.watch = watch, .now_ms = scene_ms + i};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking[i]), 0);
    }
    WAIT_UNTIL(__atomic_load_n(&asked, __ATOMIC_RELAXED) >= 2 * ASKING);
    pthread_rwlock_unlock(&store_catalog(test->store)->memory_lock);
    for (int i = 0; i < ASKING; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(strlen(asking[i].made_ms), 13);
        assert_string_equal(asking[i].made_ms, asking[0].made_ms);
    }
    watch_stop(watch);
}

// What is not found since the analysis ended without a result is not nothing.
TEST_IN(store, failed_analysis_is_told) {
    struct test_store *test = *state;
    const struct watch_options options = {.max_bytes = 1};
    struct watch *watch = watch_new(test->store, &options);
    struct json json = {0};
    leak(test);
    assert_int_equal(watch_write_suspects(watch, scene_ms, &json), RECEIVER_OK);
    expect_at(&json, "$.analysis_failed", "0");
    json_free(&json);
    watch_analyse(watch, scene_ms);
    expect(watch, "\ncmemprof_analysis_failures_total 1\n", true);
    assert_int_equal(watch_write_suspects(watch, scene_ms, &json), RECEIVER_OK);
    expect_at(&json, "$.analysis_failed", "1");
    json_free(&json);
    watch_stop(watch);
}

// After a pause of scrapes the thread has slept: what it knows is left out until it has looked again.
TEST_IN(store, old_figures_are_not_told) {
    struct test_store *test = *state;
    const struct watch_options options = {.monotonic_ms = clock_of_test};
    const char *live = "\ncmemprof_service_c_live_bytes{service=\"shop\"} 71000000\n", *finding = "\ncmemprof_findings{service=\"shop\"";
    struct watch *watch = watch_new(test->store, &options);
    leak(test);
    now_ms_of_test = 1000;
    watch_update_figures(watch, (int64_t)time(NULL) * 1000);
    watch_analyse(watch, scene_ms);
    now_ms_of_test += WATCH_ROUNDS * WATCH_FIGURES_MS;
    expect(watch, live, true);
    expect(watch, finding, true);
    now_ms_of_test++;
    expect(watch, live, false);
    expect(watch, finding, true);
    now_ms_of_test = 1000 + WATCH_ROUNDS * WATCH_ANALYSIS_MS;
    expect(watch, finding, true);
    now_ms_of_test++;
    expect(watch, finding, false);
    expect(watch, "\ncmemprof_analysis_timestamp_seconds 1767323700\n", true);
    watch_update_figures(watch, (int64_t)time(NULL) * 1000);
    watch_analyse(watch, scene_ms);
    expect(watch, live, true);
    expect(watch, finding, true);
    watch_stop(watch);
}

TEST_IN(store, too_many_uploads_are_told) {
    struct test_store *test = *state;
    struct watch *all = watch_new(test->store, &(struct watch_options){0});
    struct watch *some = watch_new(test->store, &(struct watch_options){.max_uploads = MINUTES - 1});
    leak(test);
    watch_update_figures(all, (int64_t)time(NULL) * 1000);
    watch_update_figures(some, (int64_t)time(NULL) * 1000);
    expect(all, "\ncmemprof_service_figures_incomplete 0\n", true);
    expect(some, "\ncmemprof_service_figures_incomplete 1\n", true);
    watch_stop(all);
    watch_stop(some);
}

TEST_IN(store, only_when_asked) {
    struct test_store *test = *state;
    const struct watch_options options = {.analysis_ms = 1};
    leak(test);
    struct watch *watch = watch_start(test->store, &options);
    usleep(100000);
    expect(watch, "\ncmemprof_service_figures_timestamp_seconds 0\n", true); // this asks
    for (int tries = 0; tries < 12000; tries++) {
        char *text = metrics_of(watch);
        bool there = strstr(text, "\ncmemprof_service_c_live_bytes{service=\"shop\"} 71000000\n") &&
                     !strstr(text, "\ncmemprof_analysis_timestamp_seconds 0\n");
        free(text);
        if (there) {
            break;
        }
        usleep(5000);
    }
    expect(watch, "\ncmemprof_service_c_live_bytes{service=\"shop\"} 71000000\n", true);
    expect(watch, "\ncmemprof_service_processes{service=\"shop\",figure=\"any\"} 1\n", true);
    expect(watch, "\ncmemprof_service_processes{service=\"shop\",figure=\"resident\"} 0\n", true);
    expect(watch, "\ncmemprof_analysis_timestamp_seconds 0\n", false);
    watch_stop(watch);
    watch_stop(NULL);
}

TEST_IN(store, always) {
    struct test_store *test = *state;
    struct seen seen = {0};
    const struct watch_options options = {.analysis_ms = 1, .always = true, .on_findings = see, .context = &seen};
    struct watch *watch = watch_start(test->store, &options);
    WAIT_UNTIL(__atomic_load_n(&seen.calls, __ATOMIC_RELAXED) > 2);
    watch_stop(watch);
    assert_true(seen.calls > 2);
}

int main(void) {
    return tests_run();
}
