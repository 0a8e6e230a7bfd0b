// recording_figures_test.c: figures of real recordings, as the JDK prints their events, and of made ones.

#include "../../../base/test/test.h"

#include "../../../jfr/test/maker.h"

#include "../recording_figures.h"
#include "../recording_profile.h"
#include "real_recording.h"

#include <math.h>

static struct recording_figures read_figures(const void *bytes, size_t size) {
    struct recording_figures figures;
    struct jfr *jfr;
    char text[200] = "";
    assert_int_equal(recording_open(bytes, size, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(recording_figures_read(jfr, &figures), RECEIVER_OK);
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
    struct recording_figures figures = read_figures(file.bytes, file.size);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double value = recording_figure(&figures, expected[i].name, 1);
        if (!(fabs(value - expected[i].value) <= 1e-9 * fabs(expected[i].value))) {
            fail_msg("%s is %.17g, the JDK says %.17g", expected[i].name, value, expected[i].value);
        }
    }
    assert_true(isnan(recording_figure(&figures, "jvm_direct_buffers", 1)));
    free(file.bytes);
}

TEST(last_mean_and_rates) {
    struct maker maker;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "jdk.JavaThreadStatistics", "event", "startTime:long@ticks activeCount:long");
    maker_type(&maker, "jdk.ExceptionStatistics", "event", "startTime:long@ticks throwables:long");
    maker_type(&maker, "jdk.GarbageCollection", "event", "startTime:long@ticks name:java.lang.String sumOfPauses:long@span");
    maker_type(&maker, "jdk.CPUInformation", "event", "startTime:long@ticks hwThreads:int");
    maker_type(&maker, "jdk.CPULoad", "event", "startTime:long@ticks jvmUser:float jvmSystem:float machineTotal:float");
    maker_begin(&maker);
    for (int i = 0; i < 3; i++) { // ticks are microseconds
        maker_event(&maker, "jdk.JavaThreadStatistics"), maker_number(&maker, 1000 + 1000000 * i), maker_number(&maker, 10 + i);
        maker_end(&maker);
        maker_event(&maker, "jdk.ExceptionStatistics"), maker_number(&maker, 1000 + 1000000 * i), maker_number(&maker, 100 + 50 * i);
        maker_end(&maker);
        maker_event(&maker, "jdk.GarbageCollection"), maker_number(&maker, 1000 + 1000000 * i);
        maker_text(&maker, i == 1 ? "G1Old" : "G1New"), maker_number(&maker, 200000), maker_end(&maker);
        maker_event(&maker, "jdk.CPULoad"), maker_number(&maker, 1000 + 1000000 * i), maker_float(&maker, 0.25F * (float)i);
        maker_float(&maker, 0.125F), maker_float(&maker, 0.5F), maker_end(&maker);
    }
    maker_event(&maker, "jdk.CPUInformation"), maker_number(&maker, 1000), maker_int(&maker, 8), maker_end(&maker);
    maker_finish(&maker);
    struct recording_figures figures = read_figures(maker.bytes, maker.size);
    assert_true(recording_figure(&figures, "jvm_threads", 6) == 12);
    assert_true(recording_figure(&figures, "jvm_exceptions_per_sec", 6) == 50);
    assert_true(recording_figure(&figures, "jvm_gcs_per_sec", 6) == 0.5); // of both collectors
    assert_true(fabs(recording_figure(&figures, "jvm_gc_pause_time", 6) - 0.1) < 1e-12);
    assert_true(recording_figure(&figures, "jvm_cpu_cores", 6) == 8 * (0.25 + 0.125));
    assert_true(recording_figure(&figures, "machine_cpu_cores", 6) == 4);
    assert_true(isnan(recording_figure(&figures, "jvm_heap_live_bytes", 6)));
    assert_int_equal(figures.count, 6);
    double own = recording_figure(&figures, "jvm_gcs_per_sec", 0); // per second of the recording
    assert_true(own == 3 / figures.seconds && figures.seconds > 0);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
