// runtime_test.c: series by time and label, facts by group, over chunks.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../../merge/merge.h"
#include "../jfr.h"

static void make(struct maker *maker) {
    maker_init(maker);
    java_types(maker);
    maker_type(maker, "jdk.types.GCWhen", "simple", "when:java.lang.String");
    maker_type(maker, "jdk.types.VirtualSpace", "", "start:long committedSize:long@bytes");
    maker_type(maker, "jdk.GCHeapSummary", "event",
               "startTime:long@ticks when:jdk.types.GCWhen* heapSpace:jdk.types.VirtualSpace heapUsed:long@bytes");
    maker_type(maker, "jdk.CPULoad", "event", "startTime:long@ticks jvmUser:float jvmSystem:float machineTotal:float");
    maker_type(maker, "jdk.JVMInformation", "event",
               "startTime:long@ticks duration:long@span eventThread:java.lang.Thread jvmStartTime:long@ticks");
    maker_type(maker, "jdk.CPUInformation", "event", "startTime:long@ticks cpu:java.lang.String hwThreads:int");
    maker_type(maker, "jdk.BooleanFlag", "event", "startTime:long@ticks name:java.lang.String value:boolean origin:java.lang.String");
    maker_type(maker, "jdk.NativeMemoryUsage", "event", "startTime:long@ticks type:java.lang.String committed:long@bytes");
    maker_type(maker, "app.Other", "event", "startTime:long@ticks heapUsed:long");
}

static void put_heap(struct maker *maker, int ticks, int when, int committed, int used) {
    maker_event(maker, "jdk.GCHeapSummary");
    maker_number(maker, ticks), maker_number(maker, when), maker_number(maker, 7), maker_number(maker, committed);
    maker_number(maker, used);
    maker_end(maker);
}

static void put_native(struct maker *maker, int ticks, const char *type, int committed) {
    maker_event(maker, "jdk.NativeMemoryUsage");
    maker_number(maker, ticks), maker_text(maker, type), maker_number(maker, committed);
    maker_end(maker);
}

static void put_flag(struct maker *maker, const char *name, int value, const char *origin) {
    maker_event(maker, "jdk.BooleanFlag");
    maker_number(maker, 1), maker_text(maker, name), maker_byte(maker, (unsigned)value), maker_text(maker, origin);
    maker_end(maker);
}

static void put_load(struct maker *maker) {
    maker_event(maker, "jdk.CPULoad");
    maker_number(maker, 2000), maker_float(maker, 0.5F), maker_float(maker, 0.25F), maker_float(maker, 1);
    maker_end(maker);
}

static void expect_series(const struct jfr_runtime *runtime, const char *name, const char *label, const char *expected) {
    char text[200] = "none";
    for (size_t i = 0; i < runtime->series_count; i++) {
        const struct jfr_series *series = &runtime->series[i];
        if (strcmp(series->name, name) == 0 && strcmp(series->label, label) == 0) {
            size_t size = (size_t)snprintf(text, sizeof text, "%s", series->unit);
            for (size_t p = 0; p < series->count; p++) {
                size += (size_t)snprintf(text + size, sizeof text - size, " %lld:%g",
                                         (long long)(series->points[p].time_ns / 1000 - 1000000), series->points[p].value);
            }
        }
    }
    assert_string_equal(text, expected);
}

static void expect_fact(const struct jfr_runtime *runtime, const char *group, const char *key, const char *value, const char *origin) {
    for (size_t i = 0; i < runtime->fact_count; i++) {
        const struct jfr_fact *fact = &runtime->facts[i];
        if (strcmp(fact->group, group) == 0 && strcmp(fact->key, key) == 0) {
            assert_string_equal(fact->value, value);
            assert_string_equal(fact->origin, origin);
            return;
        }
    }
    fail_msg("no %s %s", group, key);
}

TEST(periodic_events_are_series_and_facts) {
    struct maker maker;
    struct jfr_runtime runtime;
    make(&maker);
    maker_begin(&maker);
    put_heap(&maker, 3000, 2, 100, 40), put_heap(&maker, 2000, 1, 100, 90); // not by time
    put_load(&maker);
    put_native(&maker, 2000, "Heap", 5), put_native(&maker, 2000, "Class", 6), put_native(&maker, 3000, "Heap", 7);
    put_flag(&maker, "UseG1GC", 1, "Ergonomic"), put_flag(&maker, "Inline", 1, "Default");
    maker_constants(&maker, "jdk.types.GCWhen", 2);
    maker_number(&maker, 1), maker_text(&maker, "Before GC"), maker_number(&maker, 2), maker_text(&maker, "After GC");
    maker_end(&maker);
    maker_event(&maker, "app.Other"), maker_number(&maker, 1), maker_number(&maker, 999), maker_end(&maker);
    maker_finish(&maker);
    maker.id_offset = 3;
    maker_begin(&maker);
    put_flag(&maker, "UseG1GC", 0, "Management"); // it was changed
    maker_event(&maker, "jdk.CPUInformation");
    maker_number(&maker, 1), maker_text(&maker, "x86"), maker_int(&maker, 4);
    maker_end(&maker);
    maker_event(&maker, "jdk.JVMInformation"), maker_number(&maker, 1), maker_number(&maker, 7), maker_text(&maker, "main");
    maker_number(&maker, 3), maker_text(&maker, "main"), maker_number(&maker, 1), maker_number(&maker, 251000), maker_end(&maker);
    maker_finish(&maker);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_int_equal(jfr_runtime_read(jfr, &runtime), JFR_OK);
    jfr_close(jfr); // the result is its own
    expect_series(&runtime, "heap_used", "", "bytes 1000:90 2000:40");
    expect_series(&runtime, "heap_used_after_gc", "", "bytes 2000:40");
    expect_series(&runtime, "heap_committed", "", "bytes 1000:100 2000:100");
    expect_series(&runtime, "cpu_user", "", "cores 1000:2");
    expect_series(&runtime, "cpu_machine", "", "ratio 1000:1");
    expect_series(&runtime, "native_memory_committed", "Heap", "bytes 1000:5 2000:7");
    expect_series(&runtime, "native_memory_committed", "Class", "bytes 1000:6");
    expect_series(&runtime, "threads", "", "none");
    expect_fact(&runtime, "flag", "UseG1GC", "false", "Management");
    expect_fact(&runtime, "flag", "Inline", "true", "Default");
    expect_fact(&runtime, "cpu", "hwThreads", "4", "");
    expect_fact(&runtime, "jvm", "jvmStartTime", "1970-01-01T00:00:01.250Z", "");
    assert_int_equal(runtime.fact_count, 5);
    jfr_runtime_free(&runtime);
    maker_free(&maker);
}

// A load is of all processors: of how many must be known.
TEST(a_load_needs_the_processors) {
    struct maker maker;
    struct jfr_runtime runtime;
    make(&maker);
    maker_begin(&maker);
    put_load(&maker);
    maker_finish(&maker);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_int_equal(jfr_runtime_read(jfr, &runtime), JFR_OK);
    expect_series(&runtime, "cpu_user", "", "none");
    expect_series(&runtime, "cpu_machine", "", "ratio 1000:1");
    jfr_runtime_free(&runtime);
    jfr_close(jfr);
    maker_free(&maker);
}

// What is held of a fact that changes between two long texts is these.
TEST(facts_that_change_often_take_no_more) {
    enum { LONG = 100000, EVENTS = 200 };
    struct maker maker;
    struct jfr_runtime runtime;
    char *text = calloc(LONG + 1, 1);
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "jdk.InitialSystemProperty", "event", "startTime:long@ticks key:java.lang.String value:java.lang.String*");
    maker_begin(&maker);
    maker_constants(&maker, "java.lang.String", 2);
    for (int i = 0; i < 2; i++) {
        memset(text, 'a' + i, LONG);
        maker_number(&maker, i), maker_text(&maker, text);
    }
    maker_end(&maker);
    for (int i = 0; i < EVENTS; i++) {
        maker_event(&maker, "jdk.InitialSystemProperty");
        maker_number(&maker, 1), maker_text(&maker, "key"), maker_number(&maker, i % 2);
        maker_end(&maker);
    }
    maker_finish(&maker);
    struct merge_budget budget = {.limit_bytes = 1 << 20}, *before = merge_use_budget(&budget);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_int_equal(jfr_runtime_read(jfr, &runtime), JFR_OK);
    assert_true(runtime.fact_count == 1 && runtime.damaged == 0);
    assert_string_equal(runtime.facts[0].value, text); // the last one
    jfr_runtime_free(&runtime);
    jfr_close(jfr);
    merge_use_budget(before);
    assert_int_equal(budget.used_bytes, 0);
    free(text);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
