// metrics_groups_test.c: a line for each value, the highest first, the others together, and the table of values.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../metrics_groups.h"

#include <math.h>

enum { MAX = 20000, MINUTE = 60000 };

// Uploads of which the measures are the only figures.
struct given {
    struct listed_upload uploads[MAX];
    struct upload_list list;
    struct search_groups groups;
    struct metrics metrics;
    double c[MAX], cgroup[MAX];
};

static struct given *given_new(void) {
    struct given *given = calloc(1, sizeof *given);
    assert_non_null(given);
    given->list.uploads = given->uploads;
    search_groups_init(&given->groups, "host");
    return given;
}

static void given_free(struct given *given) {
    search_groups_free(&given->groups);
    free(given);
}

static void give(struct given *given, const char *value, uint64_t process, int minute, double c, double cgroup) {
    size_t at = given->list.count++;
    assert_true(at < MAX);
    uint32_t group = string_pool_intern(&given->groups.values, value, strlen(value));
    given->uploads[at] = (struct listed_upload){.id = (int64_t)at + 1,
                                                .process = process,
                                                .start_ms = (int64_t)(minute - 1) * MINUTE,
                                                .end_ms = (int64_t)minute * MINUTE,
                                                .group = group};
    given->c[at] = c;
    given->cgroup[at] = cgroup;
}

static struct json answer(struct given *given, bool summed) {
    struct json json = {0};
    snprintf(given->metrics.series[0].name, METRICS_MAX_NAME, "c_live_bytes");
    snprintf(given->metrics.series[1].name, METRICS_MAX_NAME, "memory_cgroup_bytes");
    given->metrics.series[0].values = given->c;
    given->metrics.series[1].values = given->cgroup;
    given->metrics.count = 2;
    given->metrics.uploads = given->list.count;
    assert_int_equal(metrics_write_groups(&given->metrics, &given->list, &given->groups, summed, &json), RECEIVER_OK);
    assert_false(json_failed(&json));
    return json;
}

// Of a host with two processes the mean or the sum; the highest one first.
TEST(lines) {
    struct given *given = given_new();
    for (int minute = 1; minute <= 2; minute++) {
        give(given, "db-1", 1, minute, 10, NAN);
        give(given, "db-2", 2, minute, 100 * minute, NAN);
        give(given, "db-2", 3, minute, 300 * minute, NAN);
    }
    struct json json = answer(given, false);
    expect_at(&json, "$.series[0].points", "[[60000,136.666666667],[120000,270]]");
    expect_at(&json, "$.series[0].groups",
              "[{\"value\":\"db-2\",\"points\":[[60000,200],[120000,400]]},{\"value\":\"db-1\",\"points\":[[60000,10],[120000,10]]}]");
    expect_at(&json, "$.series[0].others", "(none)");
    expect_at(&json, "$.group.key", "host");
    expect_at(&json, "$.group.values[0].value", "db-2");
    expect_at(&json, "$.group.values[0].uploads", "4");
    expect_at(&json, "$.group.values[0].processes", "2");
    expect_at(&json, "$.group.values[0].newest.c_live_bytes", "400");
    expect_at(&json, "$.group.values[1].value", "db-1");
    json_free(&json);
    json = answer(given, true);
    expect_at(&json, "$.series[0].groups[0].points", "[[60000,400],[120000,800]]");
    json_free(&json);
    given_free(given);
}

// Beyond so many lines the rest is one, of which the count is said; one account of a cgroup counts once in it.
TEST(others) {
    enum { VALUES = METRICS_LINES + 3 };
    struct given *given = given_new();
    for (int i = 0; i < VALUES; i++) {
        char value[20];
        snprintf(value, sizeof value, "pod-%02d", i);
        give(given, value, (uint64_t)i + 1, 1, i, 500);
    }
    struct json json = answer(given, true);
    expect_at(&json, "$.series[0].groups[0].value", "pod-14");
    expect_at(&json, "$.series[0].groups[11].value", "pod-03");
    expect_at(&json, "$.series[0].groups[12].value", "(none)");
    expect_at(&json, "$.series[0].others", "{\"values\":3,\"points\":[[60000,3]]}");
    // All processes of the host that do not tell their cgroup are of one.
    expect_at(&json, "$.series[1].groups[0].points", "[[60000,500]]");
    expect_at(&json, "$.series[1].others", "{\"values\":3,\"points\":[[60000,500]]}");
    expect_at(&json, "$.group.values_left_out", "0");
    json_free(&json);
    given_free(given);
}

// Each process goes from one value to another: it counts where it is, and keeps its last value in the first only for a while.
TEST(changing_value) {
    struct given *given = given_new();
    for (int minute = 1; minute <= 6; minute++) {
        give(given, minute <= 3 ? "blue" : "green", 1, minute, 10 * minute, NAN);
    }
    struct json json = answer(given, false);
    expect_at(&json, "$.series[0].groups[0].value", "green");
    expect_at(&json, "$.series[0].groups[0].points", "[[240000,40],[300000,50],[360000,60]]");
    expect_at(&json, "$.series[0].groups[1].points", "[[60000,10],[120000,20],[180000,30]]");
    json_free(&json);
    given_free(given);
}

// Of the table those with most memory stay; the lines have fewer points than a series alone.
TEST(many) {
    enum { VALUES = METRICS_ROWS + 20 };
    struct given *given = given_new();
    for (int minute = 1; minute <= 4; minute++) {
        for (int i = 0; i < VALUES; i++) {
            char value[20];
            snprintf(value, sizeof value, "pod-%04d", i);
            give(given, value, (uint64_t)i + 1, minute, i, NAN);
        }
    }
    for (int minute = 5; minute <= 600; minute++) {
        give(given, "pod-0005", 6, minute, 5, NAN);
    }
    struct json json = answer(given, false);
    expect_at(&json, "$.group.values_left_out", "20");
    expect_at(&json, "$.group.values[0].value", "pod-1019");
    expect_at(&json, "$.group.values[999].value", "pod-0020");
    expect_at(&json, "$.series[0].others.values", "1008");
    expect_at(&json, "$.series[0].points[199][0]", "36000000");
    expect_at(&json, "$.series[0].points[200]", "(none)");
    json_free(&json);
    given_free(given);
}

TEST(none) {
    struct given *given = given_new();
    struct json json = answer(given, false);
    expect_at(&json, "$.group.values", "[]");
    expect_at(&json, "$.series[0].groups", "[]");
    json_free(&json);
    given_free(given);
}

int main(void) {
    return tests_run();
}
