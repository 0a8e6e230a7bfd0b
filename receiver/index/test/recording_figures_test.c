// recording_figures_test.c: figures of real recordings, as the JDK prints their events, and of made ones.

#include "../../../base/test/test.h"

#include "../../../jfr/test/maker.h"

#include "../recording_figures.h"
#include "../recording_profile.h"
#include "real_recording.h"

#include <math.h>

static struct recording_figures read_figures(const void *bytes, size_t size, double seconds) {
    struct recording_figures figures;
    struct jfr *jfr;
    char text[200] = "";
    assert_int_equal(recording_open(bytes, size, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(recording_figures_read(jfr, seconds, &figures), RECEIVER_OK);
    jfr_close(jfr);
    return figures;
}

// jfr print --events GCHeapSummary,MetaspaceSummary,GarbageCollection jdk-17.jfr
TEST(as_the_jdk_prints_them) {
    static const struct {
        const char *name;
        double value;
    } expected[] = {{"jvm_heap_live_bytes", 9046192},
                    {"jvm_heap_peak_bytes", 41768368},
                    {"jvm_heap_committed_bytes", 67108864},
                    {"jvm_metaspace_bytes", 3934664},
                    {"jvm_gc_pause_time", 0.015478736},
                    {"jvm_max_gc_pause_time", 4768913},
                    {"jvm_gcs_per_sec", 4}};
    struct recording file = real_recording("jdk-17");
    struct recording_figures figures = read_figures(file.bytes, file.size, 1);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double value = recording_figure(&figures, expected[i].name);
        if (!(fabs(value - expected[i].value) <= 1e-9 * fabs(expected[i].value))) {
            fail_msg("%s is %.17g, the JDK says %.17g", expected[i].name, value, expected[i].value);
        }
    }
    assert_true(isnan(recording_figure(&figures, "jvm_direct_buffers")));
    free(file.bytes);
}

TEST(last_mean_and_rates) {
    struct maker maker;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "jdk.JavaThreadStatistics", "event", "startTime:long@ticks activeCount:long");
    maker_type(&maker, "jdk.ExceptionStatistics", "event", "startTime:long@ticks throwables:long");
    maker_type(&maker, "jdk.GarbageCollection", "event", "startTime:long@ticks gcId:long");
    maker_begin(&maker);
    for (int i = 0; i < 3; i++) { // ticks are microseconds
        maker_event(&maker, "jdk.JavaThreadStatistics"), maker_number(&maker, 1000 + 1000000 * i), maker_number(&maker, 10 + i);
        maker_end(&maker);
        maker_event(&maker, "jdk.ExceptionStatistics"), maker_number(&maker, 1000 + 1000000 * i), maker_number(&maker, 100 + 50 * i);
        maker_end(&maker);
        maker_event(&maker, "jdk.GarbageCollection"), maker_number(&maker, 1000 + 1000000 * i), maker_number(&maker, i), maker_end(&maker);
    }
    maker_finish(&maker);
    struct recording_figures figures = read_figures(maker.bytes, maker.size, 6);
    assert_true(recording_figure(&figures, "jvm_threads") == 12);
    assert_true(recording_figure(&figures, "jvm_exceptions_per_sec") == 50);
    assert_true(recording_figure(&figures, "jvm_gcs_per_sec") == 0.5);
    assert_true(isnan(recording_figure(&figures, "jvm_heap_live_bytes")));
    assert_true(isnan(recording_figure(&figures, "jvm_cpu_cores")));
    assert_int_equal(figures.count, 3);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
