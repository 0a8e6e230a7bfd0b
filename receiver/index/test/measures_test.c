// measures_test.c: sample types of each client and their measures, and types without one.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../test/open_in.h"
#include "../../test/profiles.h"

#include "../catalog.h"
#include "../measures.h"
#include "../recording_conversion.h"
#include "real_recording.h"

#include <fcntl.h>
#include <math.h>

struct sample {
    const char *type, *unit;
    int64_t value, c_value;
};

static struct blob profile_of(const struct sample *samples, size_t count, int64_t duration_ns) {
    struct profile *profile = profile_new();
    int64_t values[8], c_values[8];
    bool any_c = false;
    for (size_t i = 0; i < count; i++) {
        profile_add_sample_type(profile, samples[i].type, samples[i].unit);
        values[i] = samples[i].value;
        c_values[i] = samples[i].c_value;
        any_c = any_c || samples[i].c_value;
    }
    add_stack(profile, FRAMES("f /f.go"), values, false);
    if (any_c) {
        add_stack(profile, FRAMES("malloc /m.c"), c_values, true);
    }
    profile_set_time(profile, 1, duration_ns);
    return finish(profile);
}

static void add(struct measures *measures, const char *name, const struct sample *samples, size_t count, int64_t duration_ns) {
    struct blob blob = profile_of(samples, count, duration_ns);
    measures_add(measures, name, blob.bytes, blob.size, 10);
    free(blob.bytes);
}
#define ADD(name, duration_ns, ...)                                                                                                        \
    add(&measures, name, (struct sample[]){__VA_ARGS__}, sizeof(struct sample[]){__VA_ARGS__} / sizeof(struct sample), duration_ns)

static void expect(const struct measures *measures, double cpu, double alloc, double heap, double c, double goroutines, double locks) {
    const double expected[] = {cpu, alloc, heap, c, goroutines, locks};
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        double value = measures->values[i];
        if (isnan(expected[i]) ? !isnan(value) : !(fabs(value - expected[i]) < 1e-9)) {
            fail_msg("%s is %g, expected %g", measure_names[i], value, expected[i]);
        }
    }
}

TEST(go) {
    struct measures measures;
    measures_clear(&measures);
    expect(&measures, NAN, NAN, NAN, NAN, NAN, NAN);
    ADD("cpu.pprof", 5000000000, {"samples", "count", 1, 0}, {"cpu", "nanoseconds", 2500000000, 0}); // its own 5 s, not the event's 10
    ADD("delta-heap.pprof", 0, {"alloc_space", "bytes", 600, 400}, {"inuse_space", "bytes", 70, 30});
    ADD("goroutines.pprof", 0, {"goroutine", "count", 12, 0});
    ADD("delta-mutex.pprof", 0, {"contentions", "count", 3, 0}, {"delay", "nanoseconds", 20000000000, 0});
    ADD("delta-block.pprof", 0, {"contentions", "count", 3, 0}, {"delay", "nanoseconds", 90000000000, 0}); // waiting is not contention
    expect(&measures, 0.5, 100, 70, 30, 12, 2);
}

// The event is as long as the CPU profile, 10 s, a part of the period; the deltas cover the whole minute.
TEST(cpu_profile_of_a_part) {
    struct measures measures;
    measures_clear(&measures);
    ADD("cpu.pprof", 10000000000, {"cpu", "nanoseconds", 5000000000, 0});
    ADD("delta-heap.pprof", 60000000000, {"alloc_space", "bytes", 6000, 600}, {"inuse_space", "bytes", 70, 30});
    ADD("delta-mutex.pprof", 60000000000, {"delay", "nanoseconds", 120000000000, 0});
    expect(&measures, 0.5, 110, 70, 30, NAN, 2);
}

// A recording of half a second: of the heap what the JVM says was in use after its last collection, of CPU the samples, as none of its
// figures came in so short a time.
TEST(recording) {
    struct recording file = real_recording("jdk-17");
    struct measures measures;
    struct conversion recording;
    char text[200] = "";
    measures_clear(&measures);
    assert_int_equal(conversion_of(NULL, &(struct conversion_key){1, "main.jfr", 0}, file.bytes, file.size, &recording, text, sizeof text),
                     RECEIVER_OK);
    measures_add_recording(&measures, &recording, 0.5);
    conversion_free(&recording);
    assert_true(measures.values[MEASURE_HEAP_LIVE_BYTES] == 9046192);
    assert_true(measures.values[MEASURE_CPU_CORES] == 21 * 0.02 / 0.5); // jdk.ExecutionSample, each of 20 ms
    assert_true(measures.values[MEASURE_ALLOC_BYTES_PER_S] > 1e6);
    assert_true(measures.values[MEASURE_LOCK_SECONDS_PER_S] > 0.1 && measures.values[MEASURE_LOCK_SECONDS_PER_S] < 2);
    assert_true(isnan(measures.values[MEASURE_C_LIVE_BYTES]) && isnan(measures.values[MEASURE_GOROUTINES]));
    free(file.bytes);
}

// Last words have C's live heap alone: nobody counted what was allocated.
TEST(c_alone) {
    static const struct {
        int64_t allocated;
        double rate;
    } cases[] = {{0, NAN}, {600, 60}};
    for (size_t i = 0; i < 2; i++) {
        struct measures measures;
        struct profile *profile = new_heap_profile();
        add_stack(profile, FRAMES("malloc /m.c"), VALUES(1, cases[i].allocated, 1, 30), true);
        struct blob blob = finish(profile);
        measures_clear(&measures);
        measures_add(&measures, "delta-heap.pprof", blob.bytes, blob.size, 10);
        expect(&measures, NAN, cases[i].rate, NAN, 30, NAN, NAN);
        free(blob.bytes);
    }
}

// heap.pprof is cumulative since the start of the program: live memory, but no rate. Without C samples there is no C measure.
TEST(cumulative) {
    struct measures measures;
    measures_clear(&measures);
    ADD("heap.pprof", 0, {"alloc_space", "bytes", 600, 0}, {"inuse_space", "bytes", 70, 0});
    ADD("mutex.pprof", 0, {"delay", "nanoseconds", 20000000000, 0});
    expect(&measures, NAN, NAN, 70, NAN, NAN, NAN);
}

TEST(python_and_node) {
    struct measures measures;
    measures_clear(&measures);
    ADD("profile.pprof", 1, {"cpu-time", "nanoseconds", 1000000000, 0}, {"alloc-space", "bytes", 500, 0}, {"heap-space", "bytes", 99, 0},
        {"lock-acquire-wait", "nanoseconds", 3000000000, 0});
    expect(&measures, 0.1, 50, 99, NAN, NAN, 0.3);
    measures_clear(&measures);
    ADD("wall.pprof", 5000000000, {"wall", "nanoseconds", 7, 0}, {"cpu", "nanoseconds", 1000000000, 0});
    ADD("space.pprof", 0, {"inuse_space", "bytes", 1234, 0});
    expect(&measures, 0.2, NAN, 1234, NAN, NAN, NAN);
    measures_clear(&measures);
    ADD("space.pprof", 0, {"objects", "count", 12, 0}, {"space", "bytes", 1234, 0}); // dd-trace-js 3 to 5.40
    expect(&measures, NAN, NAN, 1234, NAN, NAN, NAN);
}

TEST(no_profile) {
    struct measures measures;
    measures_clear(&measures);
    measures_add(&measures, "cpu.pprof", "no profile", 10, 10);
    measures_add(&measures, "cpu.pprof", "", 0, 10);
    expect(&measures, NAN, NAN, NAN, NAN, NAN, NAN);
}

TEST_IN(folder, files) {
    char path[FOLDER_BYTES + 32];
    struct blob blob = profile_of((struct sample[]){{"goroutine", "count", 5, 0}}, 1, 0);
    snprintf(path, sizeof path, "%s/0-goroutines.pprof", folder);
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(blob.bytes, 1, blob.size, file), blob.size);
    fclose(file);
    const struct catalog_attachment attachments[] = {{"goroutines.pprof", "0-goroutines.pprof", blob.size, true},
                                                     {"gone.pprof", "1-gone.pprof", 10, true},
                                                     {"goroutines.pprof", "0-goroutines.pprof", blob.size + 1, true},
                                                     {"metrics.json", "0-goroutines.pprof", blob.size, false}};
    struct measures measures;
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    measures_of_upload(&(struct measured_upload){7, open_in, &fd, 10, NULL}, attachments, 4, &measures);
    expect(&measures, NAN, NAN, NAN, NAN, 5, NAN);
    close(fd);
    free(blob.bytes);
}

TEST(gauges) {
    assert_true(measure_is_gauge("inuse_space") && measure_is_gauge("goroutine") && measure_is_gauge("goroutineleak") &&
                measure_is_gauge("heap-space"));
    assert_true(measure_is_gauge("peak_space") && measure_is_gauge("peak_rss_objects"));
    assert_true(measure_is_gauge("space") && measure_is_gauge("objects") && measure_is_gauge("resident_space"));
    assert_false(measure_is_gauge("alloc_space") || measure_is_gauge("cpu") || measure_is_gauge("delay"));
}

int main(void) {
    return tests_run();
}
