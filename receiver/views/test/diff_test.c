// diff_test.c: two profiles as one tree: nodes of both, nodes of one, the scale, and types that one side lacks.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../diff.h"

static struct diff_side side_of(struct profile *profile, size_t uploads, double seconds) {
    struct diff_side side = {.profile = profile, .report = {.uploads = uploads, .seconds = seconds}};
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        struct sweep_type_counts *counts = &side.report.counts;
        snprintf(counts->types[i].name, sizeof counts->types[i].name, "%s", profile_sample_type_name(profile, i));
        counts->types[counts->count++].profiles = uploads;
    }
    return side;
}

static struct profile *heap(int64_t shared, const char *own, int64_t value) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(0, shared, 0, shared), false);
    add_stack(profile, FRAMES(own, "main.a /a.go"), VALUES(0, value, 0, value), true);
    return profile;
}

static struct json diff_of(const char *type, enum diff_mode mode) {
    struct diff_side now = side_of(heap(100, "malloc /m.c", 30), 2, 120), base = side_of(heap(10, "calloc /m.c", 4), 1, 30);
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(diff_write(&now, &base, type, mode, NULL, &json, text, sizeof text), RECEIVER_OK);
    profile_free(now.profile);
    profile_free(base.profile);
    return json;
}

TEST(values_and_scale) {
    struct json json = diff_of("alloc_space", DIFF_TOTAL);
    expect_at(&json, "$.type", "alloc_space");
    expect_at(&json, "$.scale", "{\"mode\":\"total\",\"factor\":1}");
    expect_at(&json, "$.total", "130");
    expect_at(&json, "$.base_total", "14");
    expect_at(&json, "$.uploads", "2");
    expect_at(&json, "$.base.uploads", "1");
    expect_at(&json, "$.base.seconds", "30");
    expect_at(&json, "$.nodes", "[[0,0,7,100,130,10,14],[1,1,7,30,30,0,0],[1,2,7,0,0,4,4]]");
    json_free(&json);
    json = diff_of("alloc_space", DIFF_PER_SECOND); // 30 s beside 120 s
    expect_at(&json, "$.scale", "{\"mode\":\"per_second\",\"factor\":4}");
    expect_at(&json, "$.base_total", "56");
    json_free(&json);
    json = diff_of("inuse_space", DIFF_TOTAL); // a gauge is not additive: the mean, whatever the mode
    expect_at(&json, "$.total", "65");
    expect_at(&json, "$.base_total", "14");
    json_free(&json);
    json = diff_of(NULL, DIFF_PER_SECOND); // a gauge: one profile beside two
    expect_at(&json, "$.type", "inuse_space");
    expect_at(&json, "$.scale", "{\"mode\":\"per_second\",\"factor\":1}");
    expect_at(&json, "$.total", "65");
    expect_at(&json, "$.base_total", "14");
    expect_at(&json, "$.nodes", "[[0,0,7,50,65,10,14],[1,1,7,15,15,0,0],[1,2,7,0,0,4,4]]");
    json_free(&json);
}

// Gauges of few profiles beside those of many: each divided by its own count, not rounded, ordered by what is shown.
TEST(means) {
    struct diff_side now = side_of(heap(3, "malloc /m.c", 4), 2, 1), base = side_of(heap(5, "calloc /m.c", 9), 8, 1);
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(diff_write(&now, &base, "inuse_space", DIFF_PER_SECOND, NULL, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.total", "3.5");
    expect_at(&json, "$.base_total", "1.75");
    expect_at(&json, "$.nodes", "[[0,0,7,1.5,3.5,0.625,1.75],[1,1,7,2,2,0,0],[1,2,7,0,0,1.125,1.125]]");
    json_free(&json);
    profile_free(now.profile);
    profile_free(base.profile);
}

TEST(missing_types) {
    struct profile *cpu = profile_new();
    profile_add_sample_type(cpu, "cpu", "nanoseconds");
    profile_set_period(cpu, "space", "bytes", 1);
    struct diff_side now = side_of(heap(100, "malloc /m.c", 30), 1, 1), base = side_of(cpu, 1, 1);
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(diff_write(&now, &base, "inuse_space", DIFF_TOTAL, NULL, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.base_total", "0");
    expect_at(&json, "$.nodes[0]", "[0,0,7,100,130,0,0]");
    json_free(&json);
    assert_int_equal(diff_write(&now, &base, "cpu", DIFF_TOTAL, NULL, &json, text, sizeof text), RECEIVER_NOT_FOUND);
    assert_non_null(strstr(text, "no sample type cpu"));
    profile_free(now.profile);
    profile_free(base.profile);
}

TEST(period_types_differ) {
    struct profile *other = profile_new();
    profile_add_sample_type(other, "inuse_space", "bytes");
    profile_set_period(other, "wall", "nanoseconds", 1);
    add_stack(other, FRAMES("f /f.c"), VALUES(1), false);
    struct diff_side now = side_of(heap(100, "malloc /m.c", 30), 1, 1), base = side_of(other, 1, 1);
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(diff_write(&now, &base, NULL, DIFF_TOTAL, NULL, &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "different period types"));
    json_free(&json);
    profile_free(now.profile);
    profile_free(base.profile);
}

static struct profile *difference(int64_t base_in_use, double seconds, enum diff_mode mode) {
    struct diff_side now = side_of(heap(100, "malloc /m.c", 30), 1, 60), base = side_of(heap(base_in_use, "calloc /m.c", 9), 1, seconds);
    char text[200] = "";
    assert_int_equal(diff_subtract(&now, &base, mode, text, sizeof text), RECEIVER_OK);
    profile_free(base.profile);
    return now.profile;
}

static int64_t total_of(struct profile *profile, const char *type) {
    int64_t total = 0;
    int index = profile_sample_type_index(profile, type);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        total += sample.values[index];
    }
    return total;
}

TEST(as_a_profile) {
    struct profile *same = difference(40, 60, DIFF_PER_SECOND), *scaled = difference(40, 120, DIFF_PER_SECOND),
                   *total = difference(40, 120, DIFF_TOTAL);
    assert_int_equal(total_of(same, "inuse_space"), 130 - 49);
    assert_int_equal(total_of(scaled, "inuse_space"), 130 - 49); // gauges are not scaled
    int64_t all = total_of(total, "alloc_space"), half = total_of(scaled, "alloc_space");
    assert_int_equal(total_of(same, "alloc_space"), all);
    assert_true(half > all); // half of the baseline's
    profile_free(same);
    profile_free(scaled);
    profile_free(total);
}

int main(void) {
    return tests_run();
}
