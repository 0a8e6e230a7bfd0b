// label_series_test.c: measures by the values of a label: lines add up, means and sums of processes, what is beyond the bounds.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../label_series.h"

#include <math.h>

enum { MINUTE = 60000, START = 1800000, MAX = 64 };

struct given {
    struct listed_upload uploads[MAX];
    struct upload_list list;
    struct label_times times;
    struct label_series *series;
};

static struct given *given_new(void) {
    struct given *given = calloc(1, sizeof *given);
    assert_non_null(given);
    given->list.uploads = given->uploads;
    return given;
}

// An upload of a minute that has the measures of cpu and heap profiles.
static void give(struct given *given, int64_t id, uint64_t process, int minute) {
    struct listed_upload *upload = &given->uploads[given->list.count++];
    int64_t start_ms = START + (int64_t)minute * MINUTE;
    *upload = (struct listed_upload){.id = id, .process = process, .start_ms = start_ms, .end_ms = start_ms + MINUTE};
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        upload->measures.values[m] = m == MEASURE_CPU_CORES || m == MEASURE_HEAP_LIVE_BYTES || m == MEASURE_C_LIVE_BYTES ? 1 : NAN;
    }
}

static void start(struct given *given) {
    assert_int_equal(label_times_of(&given->list, &given->times), RECEIVER_OK);
    given->series = label_series_new("tenant", &given->times);
    assert_non_null(given->series);
}

static void given_free(struct given *given) {
    label_series_free(given->series);
    label_times_free(&given->times);
    free(given);
}

static struct json answer(const struct given *given, bool summed) {
    struct json json = {0};
    json_object_begin(&json);
    assert_true(label_series_write(given->series, summed, &json));
    json_object_end(&json);
    assert_false(json_failed(&json));
    return json;
}

static struct profile *new_cpu_profile(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "samples", "count");
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    return profile;
}

// tenant NULL: no label.
static void spend(struct profile *profile, const char *tenant, int64_t seconds) {
    const struct profile_label label = {"tenant", tenant, 0, ""};
    add_labelled(profile, FRAMES("main.work /w.go", "main.main /m.go"), VALUES(1, seconds * 1000000000), &label, !!tenant);
}

static void add(struct label_series *series, int64_t id, const char *name, struct profile *profile) {
    char text[200] = "";
    struct blob blob = finish(profile);
    if (label_series_add(series, id, name, blob.bytes, blob.size, text, sizeof text) != RECEIVER_OK) {
        fail_msg("%s", text);
    }
    free(blob.bytes);
}

// 30 s of a minute are half a core; the lines add up to that of all. Two halves of the work are one.
TEST(lines_add_up) {
    struct given *given = given_new();
    give(given, 7, 1, 0);
    give(given, 3, 1, 1); // ids are in no order
    start(given);
    struct label_series *other = label_series_new("tenant", &given->times);
    struct profile *profile = new_cpu_profile();
    spend(profile, "acme", 30);
    spend(profile, "zeta", 6);
    spend(profile, NULL, 12);
    add(given->series, 7, "cpu.pprof", profile);
    profile = new_cpu_profile();
    spend(profile, "acme", 60);
    add(other, 3, "cpu.pprof", profile);
    assert_true(label_series_merge(given->series, other));
    label_series_free(other);
    struct json json = answer(given, false);
    expect_at(&json, "$.series[0].name", "cpu_cores");
    expect_at(&json, "$.series[0].attachment", "cpu.pprof");
    expect_at(&json, "$.series[0].points", "[[1860000,0.8],[1920000,1]]");
    expect_at(&json, "$.series[0].groups",
              "[{\"value\":\"acme\",\"points\":[[1860000,0.5],[1920000,1]]},"
              "{\"value\":\"(no label)\",\"points\":[[1860000,0.2],[1920000,0]]},"
              "{\"value\":\"zeta\",\"points\":[[1860000,0.1],[1920000,0]]}]");
    expect_at(&json, "$.series[0].others", "(none)");
    expect_at(&json, "$.series[1]", "(none)");
    expect_at(&json, "$.without", "[\"heap_live_bytes\",\"c_live_bytes\"]"); // known, but of no file here
    expect_at(&json, "$.group.key", "tenant");
    expect_at(&json, "$.group.values[0].value", "acme");
    expect_at(&json, "$.group.values[0].newest.cpu_cores", "1");
    expect_at(&json, "$.group.values_limited", "0");
    json_free(&json);
    given_free(given);
}

// Beside each other two processes are a mean or a sum; one that lacks the value counts in the mean as nothing.
TEST(processes) {
    struct given *given = given_new();
    give(given, 1, 1, 0);
    give(given, 2, 2, 0);
    start(given);
    for (int64_t id = 1; id <= 2; id++) {
        struct profile *profile = new_cpu_profile();
        spend(profile, id == 1 ? "acme" : "zeta", 30);
        spend(profile, "both", 6);
        add(given->series, id, "cpu.pprof", profile);
    }
    struct json json = answer(given, false);
    expect_at(&json, "$.series[0].groups[0]", "{\"value\":\"acme\",\"points\":[[1860000,0.25]]}");
    expect_at(&json, "$.series[0].groups[2]", "{\"value\":\"both\",\"points\":[[1860000,0.1]]}");
    json_free(&json);
    json = answer(given, true);
    expect_at(&json, "$.series[0].groups[0]", "{\"value\":\"acme\",\"points\":[[1860000,0.5]]}");
    expect_at(&json, "$.series[0].groups[2]", "{\"value\":\"both\",\"points\":[[1860000,0.2]]}");
    json_free(&json);
    given_free(given);
}

// C memory and the heap by tenant, as the measures have them; what has no samples of either kind has nothing of it.
TEST(memory) {
    struct given *given = given_new();
    give(given, 1, 1, 0);
    start(given);
    struct profile *profile = new_heap_profile();
    const struct profile_label c[] = {{"memory", "C", 0, ""}, {"tenant", "acme", 0, ""}}, go = {"tenant", "zeta", 0, ""};
    add_labelled(profile, FRAMES("malloc /m.c"), VALUES(1, 500, 1, 500), c, 2);
    add_labelled(profile, FRAMES("main.a /a.go"), VALUES(1, 300, 1, 300), &go, 1);
    add_labelled(profile, FRAMES("main.b /a.go"), VALUES(1, 30, 1, 30), &go, 1);
    add(given->series, 1, "heap.pprof", profile);
    struct json json = answer(given, false);
    expect_at(&json, "$.series[0].name", "heap_live_bytes");
    expect_at(&json, "$.series[0].groups", "[{\"value\":\"zeta\",\"points\":[[1860000,330]]}]");
    expect_at(&json, "$.series[1].name", "c_live_bytes");
    expect_at(&json, "$.series[1].groups", "[{\"value\":\"acme\",\"points\":[[1860000,500]]}]");
    expect_at(&json, "$.without", "[\"cpu_cores\"]");
    expect_at(&json, "$.group.values[0].value", "acme");
    expect_at(&json, "$.group.values[1].newest.c_live_bytes", "0");
    json_free(&json);
    given_free(given);
}

static void expect_order(const struct given *given, const char *const *values) {
    struct json json = answer(given, false);
    for (size_t i = 0; values[i]; i++) {
        char path[60];
        snprintf(path, sizeof path, "$.group.values[%zu].value", i);
        expect_at(&json, path, values[i]);
    }
    json_free(&json);
}

// The table is by memory, of these by CPU time, of these by name. Where CPU time is not known, it is as where all have none.
TEST(order_of_the_table) {
    struct given *given = given_new();
    give(given, 1, 1, 0);
    start(given);
    struct profile *profile = new_cpu_profile();
    spend(profile, "third", 6);
    spend(profile, "second", 12);
    spend(profile, "a fourth", 6);
    spend(profile, "first", 1);
    add(given->series, 1, "cpu.pprof", profile);
    profile = new_heap_profile();
    const struct profile_label c[] = {{"memory", "C", 0, ""}, {"tenant", "first", 0, ""}};
    add_labelled(profile, FRAMES("malloc /m.c"), VALUES(1, 500, 1, 500), c, 2);
    add(given->series, 1, "heap.pprof", profile);
    expect_order(given, FRAMES("first", "second", "a fourth", "third"));
    given->uploads[0].measures.values[MEASURE_CPU_CORES] = NAN;
    expect_order(given, FRAMES("first", "a fourth", "second", "third"));
    given_free(given);
}

// Where no sample has the label there is no line, and it is said of which measure.
TEST(without_the_label) {
    struct given *given = given_new();
    give(given, 1, 1, 0);
    start(given);
    struct profile *profile = new_cpu_profile();
    spend(profile, NULL, 12);
    add(given->series, 1, "cpu.pprof", profile);
    struct json json = answer(given, false);
    expect_at(&json, "$.series", "[]");
    expect_at(&json, "$.without", "[\"cpu_cores\",\"heap_live_bytes\",\"c_live_bytes\"]");
    json_free(&json);
    given_free(given);
}

// Beyond the most, values are not told apart, but counted in the line of the others.
TEST(bounds) {
    struct given *given = given_new();
    give(given, 1, 1, 0);
    start(given);
    struct profile *profile = new_cpu_profile();
    for (int i = 0; i < LABEL_SERIES_VALUES + 5; i++) {
        char tenant[20];
        snprintf(tenant, sizeof tenant, "tenant-%04d", i);
        spend(profile, tenant, 6);
    }
    add(given->series, 1, "cpu.pprof", profile);
    struct json json = answer(given, false);
    expect_at(&json, "$.series[0].points", "[[1860000,200.5]]");
    expect_at(&json, "$.series[0].groups[11].points", "[[1860000,0.1]]");
    expect_at(&json, "$.series[0].groups[12]", "(none)");
    expect_at(&json, "$.series[0].others", "{\"values\":1988,\"points\":[[1860000,199.3]]}");
    expect_at(&json, "$.group.values[999].newest.cpu_cores", "0.1");
    expect_at(&json, "$.group.values[1000]", "(none)");
    expect_at(&json, "$.group.values_left_out", "1000");
    expect_at(&json, "$.group.values_limited", "1");
    json_free(&json);
    given_free(given);
}

// A value is cut, a number has its unit; a file that is none says so, and of an unknown upload nothing is added.
TEST(odd_input) {
    struct given *given = given_new();
    give(given, 1, 1, 0);
    start(given);
    char text[200] = "", tenant[LABEL_SERIES_BYTES + 50];
    memset(tenant, 'x', sizeof tenant - 1);
    tenant[sizeof tenant - 1] = '\0';
    struct profile *profile = new_cpu_profile();
    spend(profile, tenant, 30);
    const struct profile_label number = {"tenant", NULL, 5, "bytes"};
    add_labelled(profile, FRAMES("main.work /w.go"), VALUES(1, 6000000000), &number, 1);
    add(given->series, 1, "cpu.pprof", profile);
    assert_int_equal(label_series_add(given->series, 1, "cpu.pprof", "no profile", 10, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "not a readable profile"));
    profile = new_cpu_profile();
    spend(profile, "stranger", 60);
    add(given->series, 99, "cpu.pprof", profile);
    struct json json = answer(given, false);
    char *value = json_at(&json, "$.series[0].groups[0].value");
    assert_int_equal(strlen(value), LABEL_SERIES_BYTES);
    free(value);
    expect_at(&json, "$.series[0].groups[1]", "{\"value\":\"5 bytes\",\"points\":[[1860000,0.1]]}");
    expect_at(&json, "$.series[0].groups[2]", "(none)");
    json_free(&json);
    given_free(given);
}

// A process has its value until its next upload; of many uploads there are so many columns, and of none nothing.
TEST(columns) {
    struct given *given = given_new();
    start(given);
    struct json json = answer(given, false);
    expect_at(&json, "$.series", "[]");
    json_free(&json);
    given_free(given);
    given = given_new();
    for (int i = 0; i < 10; i++) {
        give(given, i + 1, 1, 2 * i); // each is a minute of two
    }
    start(given);
    assert_int_equal(given->times.columns, 9);
    for (int64_t id = 1; id <= 10; id++) {
        struct profile *profile = new_cpu_profile();
        spend(profile, "acme", 30);
        add(given->series, id, "cpu.pprof", profile);
    }
    json = answer(given, false);
    expect_at(&json, "$.series[0].points[0][1]", "0.5");
    expect_at(&json, "$.series[0].points[8][1]", "0.5");
    expect_at(&json, "$.series[0].points[9]", "(none)");
    json_free(&json);
    given_free(given);
}

int main(void) {
    return tests_run();
}
