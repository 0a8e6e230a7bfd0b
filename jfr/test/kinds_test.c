// kinds_test.c: kinds have names, sample types and sources; of two sources of the same thing one is used.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../kinds.h"

TEST(kinds_have_names) {
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        const struct jfr_column *columns;
        assert_true(*jfr_kind_name(kind) && *jfr_kind_title(kind));
        assert_int_equal(jfr_kind_named(jfr_kind_name(kind)), kind);
        assert_in_range(jfr_kind_columns(kind, &columns), 1, JFR_COLUMNS);
        assert_true(*columns[0].type && *columns[0].unit);
    }
    assert_int_equal(jfr_kind_named("other"), JFR_KINDS);
}

TEST(sources_are_whole) {
    bool has[JFR_KINDS] = {false};
    for (size_t i = 0; i < jfr_source_count; i++) {
        bool stack = false, thread = false;
        for (size_t f = 0; f < 10 && jfr_sources[i].fields[f].name; f++) {
            stack |= jfr_sources[i].fields[f].slot == JFR_SLOT_STACK;
            thread |= jfr_sources[i].fields[f].slot == JFR_SLOT_THREAD;
            assert_in_range(jfr_sources[i].fields[f].slot, 0, JFR_SLOT_COUNT - 1);
        }
        assert_true(stack && thread);
        has[jfr_sources[i].kind] = true;
    }
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        assert_true(has[kind]);
    }
    assert_in_range(JFR_SLOT_COUNT, 1, JFR_SLOTS);
}

TEST(one_of_two_sources_is_used) {
    struct maker maker;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "datadog.ExecutionSample", "event", "");
    maker_type(&maker, "jdk.ExecutionSample", "event", "");
    maker_type(&maker, "jdk.FileRead", "event", "");
    maker_type(&maker, "jdk.FileWrite", "event", "");
    maker_begin(&maker);
    for (int i = 0; i < 4; i++) {
        maker_event(&maker, "jdk.ExecutionSample"), maker_end(&maker);
        maker_event(&maker, "jdk.FileRead"), maker_end(&maker);
    }
    maker_event(&maker, "jdk.FileWrite"), maker_end(&maker);
    size_t size = maker.size;
    maker_finish(&maker);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_int_equal(jfr_kind_events(jfr, JFR_CPU), 4);
    assert_int_equal(jfr_kind_events(jfr, JFR_FILE_IO), 5);
    assert_int_equal(jfr_kind_events(jfr, JFR_LOCK), 0);
    assert_int_equal(jfr_kind_chosen(jfr, NULL), JFR_CPU);
    assert_int_equal(jfr_kind_chosen(jfr, "file_time"), JFR_FILE_IO);
    assert_int_equal(jfr_kind_chosen(jfr, "lock"), JFR_LOCK);
    assert_int_equal(jfr_kind_chosen(jfr, "delay"), JFR_KINDS);
    jfr_close(jfr);
    maker.size = size;
    maker_event(&maker, "datadog.ExecutionSample"), maker_end(&maker);
    maker_finish(&maker);
    jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_int_equal(jfr_kind_events(jfr, JFR_CPU), 1);
    jfr_close(jfr);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
