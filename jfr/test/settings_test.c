// settings_test.c: periods, as settings write them.

#include "../../base/test/test.h"

#include "loaded.h"

#include "../settings.h"

TEST(periods_have_units) {
    assert_int_equal(jfr_period_ns("20 ms"), 20000000);
    assert_int_equal(jfr_period_ns("1 s"), 1000000000);
    assert_int_equal(jfr_period_ns("50 us"), 50000);
    assert_int_equal(jfr_period_ns("10000000"), 10000000);
    assert_int_equal(jfr_period_ns("0"), 0);
    assert_int_equal(jfr_period_ns("-5 ms"), 0);
    assert_int_equal(jfr_period_ns("everyChunk"), 0);
    assert_int_equal(jfr_period_ns("20/s"), 0);
    assert_int_equal(jfr_period_ns(""), 0);
}

static void begin(struct maker *maker) {
    maker_init(maker);
    java_types(maker);
    java_setting_type(maker);
    maker_type(maker, "datadog.DatadogProfilerConfig", "event", "startTime:long@ticks cpuInterval:long@ms wallInterval:long@ms");
    maker_type(maker, "jdk.ExecutionSample", "event", "");
    maker_type(maker, "jdk.NativeMethodSample", "event", "");
    maker_type(maker, "jdk.ActiveRecording", "event", "");
    maker_type(maker, "jdk.Other", "event", "");
    maker_begin(maker);
}

static void read_settings(struct loaded *loaded, struct jfr_settings *settings) {
    load(loaded);
    assert_true(jfr_settings_begin(settings, &loaded->metadata));
    for (struct jfr_walk walk = jfr_walk(&loaded->chunk); jfr_walk_next(&walk);) {
        uint32_t class = jfr_metadata_find(&loaded->metadata, walk.type);
        if (class != JFR_NO_CLASS && (class == settings->active_class || class == settings->config_class)) {
            assert_true(jfr_settings_add(settings, &loaded->chunk, &loaded->metadata, class, walk.body));
        }
    }
    jfr_settings_end(settings, &loaded->names);
}

TEST(settings_of_the_samplers_are_taken) {
    struct loaded loaded;
    struct jfr_settings settings = {0};
    struct maker *maker = &loaded.maker;
    begin(maker);
    java_setting(maker, "jdk.ExecutionSample", "period", "10 ms");
    java_setting(maker, "jdk.Other", "period", "30 ms");
    java_setting(maker, "jdk.NativeMethodSample", "period", "20 ms");
    java_setting(maker, "jdk.ExecutionSample", "enabled", "true");
    maker_event(maker, "datadog.DatadogProfilerConfig");
    maker_number(maker, 1), maker_number(maker, 9), maker_number(maker, 50);
    maker_end(maker);
    read_settings(&loaded, &settings);
    assert_int_equal(settings.periods_ns[JFR_PERIOD_JVM_CPU], 10000000);
    assert_int_equal(settings.periods_ns[JFR_PERIOD_JVM_NATIVE], 20000000);
    assert_int_equal(settings.periods_ns[JFR_PERIOD_AGENT_CPU], 9000000);
    assert_int_equal(settings.periods_ns[JFR_PERIOD_AGENT_WALL], 50000000);
    assert_int_equal(settings.periods_ns[JFR_PERIOD_WALL], 0);
    assert_false(settings.async_profiler);
    assert_string_equal(settings.no_clock, "");
    jfr_settings_free(&settings);
    unload(&loaded);
}

// The interval is of the event: of CPU time, of wall time, or of neither.
TEST(async_profiler_samples_what_event_says) {
    static const struct {
        const char *event, *interval, *wall; // NULL: not written
        int64_t cpu_ns, wall_ns;
        const char *no_clock;
    } cases[] = {{"cpu", "2000000", NULL, 2000000, 0, ""},
                 {"ctimer", "0", "0", 10000000, 50000000, ""},
                 {NULL, "0", NULL, 10000000, 0, ""},
                 {"itimer", "5000000", "30000000", 5000000, 30000000, ""},
                 {"wall", "20000000", NULL, 0, 20000000, "wall"},
                 {"wall", "0", NULL, 0, 50000000, "wall"},
                 {NULL, NULL, "70000000", 0, 70000000, ""},
                 {"page-faults", "100", NULL, 0, 0, "page-faults"},
                 {"K2.main", "0", NULL, 0, 0, "K2.main"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loaded loaded;
        struct jfr_settings settings = {0};
        begin(&loaded.maker);
        if (cases[i].event) {
            java_setting(&loaded.maker, "jdk.ActiveRecording", "event", cases[i].event);
        }
        if (cases[i].interval) {
            java_setting(&loaded.maker, "jdk.ExecutionSample", "interval", cases[i].interval);
        }
        if (cases[i].wall) {
            java_setting(&loaded.maker, "jdk.ExecutionSample", "wall", cases[i].wall);
        }
        read_settings(&loaded, &settings);
        assert_int_equal(settings.periods_ns[JFR_PERIOD_JVM_CPU], cases[i].cpu_ns);
        assert_int_equal(settings.periods_ns[JFR_PERIOD_WALL], cases[i].wall_ns);
        assert_string_equal(settings.no_clock, cases[i].no_clock);
        assert_int_equal(settings.async_profiler, !!cases[i].interval);
        jfr_settings_free(&settings);
        unload(&loaded);
    }
}

int main(void) {
    return tests_run();
}
