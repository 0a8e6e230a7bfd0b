// warnings_test.c: what a profile's figures cannot say is said, once its setting or its event is in the recording.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../../merge/merge.h"
#include "../jfr.h"

#include <math.h>

static void make(struct maker *maker) {
    maker_init(maker);
    java_types(maker);
    java_setting_type(maker);
    maker_type(maker, "jdk.SocketRead", "event", "startTime:long@ticks duration:long@span");
    maker_type(maker, "jdk.SocketWrite", "event", "startTime:long@ticks duration:long@span");
    maker_type(maker, "jdk.ObjectAllocationSample", "event", "startTime:long@ticks weight:long");
    maker_type(maker, "jdk.CPUTimeSample", "event", "startTime:long@ticks failed:boolean samplingPeriod:long@span");
    maker_type(maker, "jdk.CPUTimeSamplesLost", "event", "startTime:long@ticks lostSamples:int");
    maker_type(maker, "jdk.ExecutionSample", "event", "startTime:long@ticks");
    maker_type(maker, "jdk.DataLoss", "event", "startTime:long@ticks amount:long@bytes total:long@bytes");
    maker_type(maker, "jdk.CPULoad", "event", "startTime:long@ticks jvmUser:float jvmSystem:float machineTotal:float");
    maker_type(maker, "jdk.CPUInformation", "event", "startTime:long@ticks hwThreads:int");
    maker_begin(maker);
}

static void put_load(struct maker *maker, int64_t ticks, float user, float system) {
    maker_event(maker, "jdk.CPULoad");
    maker_number(maker, ticks), maker_float(maker, user), maker_float(maker, system), maker_float(maker, 1);
    maker_end(maker);
}

static void put(struct maker *maker, const char *event) {
    maker_event(maker, event);
    maker_number(maker, 1500), maker_number(maker, 2);
    maker_end(maker);
}

// The warnings, joined.
static void expect(struct maker *maker, enum jfr_kind kind, const char *expected) {
    struct profile *profiles[JFR_KINDS];
    const char *texts[8];
    char text[1000] = "";
    maker_finish(maker);
    struct jfr *jfr = jfr_open(maker->bytes, maker->size, 0, NULL);
    assert_non_null(jfr);
    assert_int_equal(jfr_profiles(jfr, 1u << kind, 0, profiles), JFR_OK);
    size_t count = profile_warnings(profiles[kind], texts, 8), size = 0;
    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i > 0 ? "\n" : "", texts[i]);
    }
    assert_string_equal(text, expected);
    profile_free(profiles[kind]);
    jfr_close(jfr);
    maker_free(maker);
}

TEST(thresholds_and_throttles_are_said) {
    struct maker maker;
    make(&maker);
    put(&maker, "jdk.SocketRead"), put(&maker, "jdk.SocketWrite");
    java_setting(&maker, "jdk.SocketRead", "threshold", "1 ms");
    java_setting(&maker, "jdk.SocketRead", "throttle", "100/s");
    java_setting(&maker, "jdk.SocketWrite", "throttle", "5/m");
    expect(&maker, JFR_SOCKET_IO,
           "the recorder leaves out events, so figures are lower bounds; it writes jdk.SocketRead (from 1 ms on, at most 100/s), "
           "jdk.SocketWrite (at most 5/m)");
}

TEST(what_leaves_nothing_out_is_not_said) {
    struct maker maker;
    make(&maker);
    put(&maker, "jdk.SocketRead");
    java_setting(&maker, "jdk.SocketRead", "threshold", "20 ms"); // of a recording that has ended
    java_setting(&maker, "jdk.SocketRead", "threshold", "0 ms");
    java_setting(&maker, "jdk.SocketRead", "throttle", "off");
    java_setting(&maker, "jdk.SocketWrite", "threshold", "20 ms"); // without an event
    expect(&maker, JFR_SOCKET_IO, "");
}

// Their weights hold what is left out.
TEST(throttled_allocation_is_whole) {
    struct maker maker;
    make(&maker);
    put(&maker, "jdk.ObjectAllocationSample");
    java_setting(&maker, "jdk.ObjectAllocationSample", "throttle", "150/s");
    expect(&maker, JFR_ALLOCATION,
           "2 bytes are the first samples of 1 threads, which hold all that a thread has allocated before, if the recording began then");
}

TEST(lost_and_failed_samples_are_said) {
    struct maker maker;
    make(&maker);
    for (int failed = 0; failed < 2; failed++) {
        maker_event(&maker, "jdk.CPUTimeSample");
        maker_number(&maker, 1500), maker_byte(&maker, (unsigned)failed), maker_number(&maker, 10);
        maker_end(&maker);
    }
    put(&maker, "jdk.CPUTimeSamplesLost"), put(&maker, "jdk.CPUTimeSamplesLost");
    expect(
        &maker, JFR_CPU,
        "4 samples of CPU time are lost (jdk.CPUTimeSamplesLost), so cpu is too low\n1 samples have no stack: the JVM failed to walk it");
}

TEST(lost_bytes_are_said) {
    struct maker maker;
    make(&maker);
    for (int i = 0; i < 2; i++) {
        maker_event(&maker, "jdk.DataLoss");
        maker_number(&maker, 1500), maker_number(&maker, 3000), maker_number(&maker, 3000 * (i + 1));
        maker_end(&maker);
    }
    expect(&maker, JFR_LOCK, "the JVM has lost 6000 bytes of events (jdk.DataLoss), so figures are lower bounds");
}

// Beside the estimate stands what the JVM measured: 4 processors x (0.5 x 0.25 s + 0.1 x 0.5 s), from the start at 1000 on, at 1 MHz.
TEST(measured_cpu_time_stands_beside_the_estimate) {
    struct maker maker;
    make(&maker);
    java_setting(&maker, "jdk.ExecutionSample", "period", "20 ms");
    for (int i = 0; i < 7; i++) {
        maker_event(&maker, "jdk.ExecutionSample"), maker_number(&maker, 1500), maker_end(&maker);
    }
    put_load(&maker, 251000, 0.25f, 0.25f);
    put_load(&maker, 251000, 0.25f, 0.25f); // of no time
    put_load(&maker, 751000, 0.1f, 0);
    put_load(&maker, 851000, NAN, 40); // no shares
    maker_event(&maker, "jdk.CPUInformation"), maker_number(&maker, 1000), maker_int(&maker, 4), maker_end(&maker);
    expect(&maker, JFR_CPU,
           "cpu is the number of samples times their period, an estimate: 0.14 s, where the JVM measured 0.70 s of the process and its own "
           "threads (jdk.CPULoad). A JVM samples only some of its running threads, and drops samples in code without a Java frame");
    make(&maker);
    java_setting(&maker, "jdk.ExecutionSample", "period", "20 ms");
    maker_event(&maker, "jdk.ExecutionSample"), maker_number(&maker, 1500), maker_end(&maker);
    put_load(&maker, 251000, 0.25f, 0.25f); // of unknown processors
    expect(
        &maker, JFR_CPU,
        "cpu is the number of samples times their period, an estimate. A JVM samples only some of its running threads, and drops samples "
        "in code without a Java frame");
}

int main(void) {
    return tests_run();
}
