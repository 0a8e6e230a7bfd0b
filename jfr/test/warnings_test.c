// warnings_test.c: what a profile's figures cannot say is said, once its setting or its event is in the recording.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../../merge/merge.h"
#include "../jfr.h"

static void make(struct maker *maker) {
    maker_init(maker);
    java_types(maker);
    java_setting_type(maker);
    maker_type(maker, "jdk.SocketRead", "event", "startTime:long@ticks duration:long@span");
    maker_type(maker, "jdk.SocketWrite", "event", "startTime:long@ticks duration:long@span");
    maker_type(maker, "jdk.ObjectAllocationSample", "event", "startTime:long@ticks weight:long");
    maker_type(maker, "jdk.CPUTimeSample", "event", "startTime:long@ticks failed:boolean samplingPeriod:long@span");
    maker_type(maker, "jdk.CPUTimeSamplesLost", "event", "startTime:long@ticks lostSamples:int");
    maker_begin(maker);
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
    assert_int_equal(jfr_profiles(jfr, 1u << kind, profiles), JFR_OK);
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

int main(void) {
    return tests_run();
}
