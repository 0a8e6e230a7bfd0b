// analysis_stacks_test.c: series of stacks over profiles, sites, and which of them have a shape.

#include "../../../base/test/test.h"

#include "analysis_series.h"

// A leak with ten C stacks, two of them new in each profile, beside steady Go and C memory.
static void many_stacks(struct profile *profile, int i) {
    for (int k = 0; k < 10; k++) {
        char leaf[40];
        snprintf(leaf, sizeof leaf, "parse%d /s.c", k);
        add_live(profile, FRAMES("malloc /m.c", leaf, "main.report /r.go", "main.main /m.go"), (i + 1) * 100000.0 * (k + 1), true);
    }
    add_live(profile, CACHE, 30e6, false);
    add_live(profile, FRAMES("malloc /m.c", "pool /p.c", "main.pool /p.go", "main.main /m.go"), 20e6, true);
}

static bool any_growth(const struct stacks *stacks, const struct stack_site *site) {
    (void)stacks;
    return site->shape.kind == SHAPE_GROWS;
}

TEST(sites) {
    struct stacks stacks;
    struct stack_site *sites;
    size_t count;
    struct series_point points[TREND_MAX_POINTS];
    struct profile_sample_view sample;
    fill_stacks(&stacks, "inuse_space", many_stacks, 12);
    assert_int_equal(stacks.profile_count, 12);
    assert_true(stacks_shapes(&stacks, 1, any_growth, &sites, &count));
    assert_int_equal(count, 1);
    assert_string_equal(sites[0].function, "main.report");
    assert_true(sites[0].c && sites[0].points[0].value == 5.5e6 && sites[0].points[11].value == 66e6);
    assert_true(sites[0].shape.trend.slope_per_s > 91600 && sites[0].shape.trend.slope_per_s < 91700); // 5.5 MB per minute
    assert_int_equal(profile_sample_at(stacks.profile, sites[0].steepest, &sample), MERGE_OK);
    assert_string_equal(sample.frames[1].function, "parse9");
    free(sites);
    stacks_total(&stacks, false, points);
    assert_true(points[0].value == 30e6 && points[11].value == 30e6 && points[11].ms == 11 * MINUTE_MS);
    stacks_total(&stacks, true, points);
    assert_true(points[0].value == 25.5e6);
    double share;
    int64_t largest = stacks_largest(&stacks, "alloc_space", &share);
    assert_int_equal(profile_sample_at(stacks.profile, (size_t)largest, &sample), MERGE_OK);
    assert_string_equal(sample.frames[0].function, "main.cache");
    assert_true(share > 0.3 && share < 0.5);
    assert_int_equal(stacks_largest(&stacks, "cpu", &share), -1);
    stacks_free(&stacks);
}

// One stack of a site grows, the site as a whole does not: its other memory varies.
static void one_of_two(struct profile *profile, int i) {
    add_live(profile, FRAMES("malloc /m.c", "leak /s.c", "main.handle /r.go"), i * 1e6, true);
    add_live(profile, FRAMES("malloc /m.c", "buffers /s.c", "main.handle /r.go"), i % 2 ? 10e6 : 200e6, true);
}

TEST(stack_of_a_site) {
    struct stacks stacks;
    struct stack_site *sites;
    size_t count;
    fill_stacks(&stacks, "inuse_space", one_of_two, 20);
    assert_true(stacks_shapes(&stacks, 1, any_growth, &sites, &count));
    assert_int_equal(count, 1);
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_at(stacks.profile, sites[0].steepest, &sample), MERGE_OK);
    assert_string_equal(sample.frames[1].function, "leak");
    free(sites);
    stacks_free(&stacks);
}

// The profiler's own memory grows, the program's does not.
static void own_memory(struct profile *profile, int i) {
    const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"owner", "cmemprof", 0, ""}};
    uint32_t frame = add_frame(profile, "deflate", "/d.c");
    add_live(profile, FRAMES("buffers /s.c", "main.handle /r.go"), 50e6, true);
    profile_add_sample(profile, &frame, 1, VALUES(1, i * 100000000, 1, i * 10000000), labels, 2);
}

TEST(own_memory) {
    struct stacks stacks;
    struct stack_site *sites;
    size_t count;
    struct series_point points[TREND_MAX_POINTS];
    double share;
    fill_stacks(&stacks, "inuse_space", own_memory, 20);
    assert_true(stacks_shapes(&stacks, 1, any_growth, &sites, &count));
    assert_int_equal(count, 0);
    free(sites);
    stacks_total(&stacks, true, points);
    assert_true(points[0].value == 50e6 && points[19].value == 50e6);
    stacks_largest(&stacks, "alloc_space", &share);
    assert_true(share == 1);
    stacks.own_memory = true;
    assert_true(stacks_shapes(&stacks, 1, any_growth, &sites, &count));
    assert_int_equal(count, 1);
    assert_string_equal(sites[0].function, "deflate");
    free(sites);
    stacks_total(&stacks, true, points);
    assert_true(points[19].value == 190e6);
    stacks_free(&stacks);
}

// A mapping that grows by its length is C memory, unless the process says what of it is resident.
static void mappings(struct profile *profile, int i) {
    const struct profile_label label = {"memory", "mmap", 0, ""};
    uint32_t frame = add_frame(profile, "reserve", "/d.c");
    add_live(profile, FRAMES("buffers /s.c", "main.handle /r.go"), 50e6, true);
    profile_add_sample(profile, &frame, 1, VALUES(1, i * 100000000, 1, i * 10000000), &label, 1);
}

TEST(mappings) {
    struct stacks stacks;
    struct series_point points[TREND_MAX_POINTS];
    fill_stacks(&stacks, "inuse_space", mappings, 20);
    stacks_total(&stacks, true, points);
    assert_true(points[19].value == 240e6);
    stacks_total(&stacks, false, points);
    assert_true(points[19].value == 0);
    stacks.without_mapped = true;
    stacks_total(&stacks, true, points);
    assert_true(points[19].value == 50e6);
    stacks_free(&stacks);
}

TEST(bounds_and_errors) {
    struct stacks stacks;
    char text[160] = "";
    fill_stacks(&stacks, "inuse_space", many_stacks, TREND_MAX_POINTS + 3);
    assert_int_equal(stacks.profile_count, TREND_MAX_POINTS); // the others are left out
    stacks_free(&stacks);
    assert_true(stacks_init(&stacks, "inuse_space", NULL));
    assert_int_equal(stacks_add(&stacks, &(struct listed_upload){.id = 1}, "no profile", 10, text), RECEIVER_BAD_UPLOAD);
    assert_true(*text && stacks.profile_count == 0);
    stacks_free(&stacks);
}

static void add_locks(struct stacks *stacks, int64_t id, int64_t waited, enum receiver_error expected) {
    struct listed_upload upload = {.id = id, .end_ms = id * MINUTE_MS};
    struct profile *profile = profile_new();
    char text[160] = "";
    profile_add_sample_type(profile, waited > 0 ? "lock_time" : "cpu", "nanoseconds");
    uint32_t frame = add_frame(profile, "shop.Orders.take", "/Orders.java");
    profile_add_sample(profile, &frame, 1, VALUES(waited > 0 ? waited : 5), NULL, 0);
    struct blob blob = finish(profile);
    assert_int_equal(stacks_add(stacks, &upload, blob.bytes, blob.size, text), expected);
    assert_string_equal(text, expected == RECEIVER_OK ? "" : "has no sample type lock_time");
    free(blob.bytes);
}

// Of a recording without such an event there is nothing; of other profiles it is not known.
TEST(type_is_missing) {
    struct stacks stacks;
    struct series_point points[TREND_MAX_POINTS];
    assert_true(stacks_init(&stacks, "lock_time", NULL));
    stacks.optional = true;
    add_locks(&stacks, 1, 0, RECEIVER_OK);
    add_locks(&stacks, 2, 70, RECEIVER_OK);
    add_locks(&stacks, 3, 0, RECEIVER_OK);
    add_locks(&stacks, 4, 30, RECEIVER_OK);
    assert_int_equal(stacks.profile_count, 4);
    stacks_total(&stacks, false, points);
    assert_true(points[0].value == 0 && points[1].value == 70 && points[2].value == 0 && points[3].value == 30);
    stacks.optional = false;
    add_locks(&stacks, 5, 0, RECEIVER_BAD_UPLOAD);
    assert_int_equal(stacks.profile_count, 4);
    stacks_free(&stacks);
}

// Decoding is bounded: beyond that many distinct stacks no profile is accepted.
TEST(many_different) {
    struct stacks stacks;
    struct listed_upload upload = {.id = 1};
    char text[160] = "";
    struct profile *profile = new_heap_profile();
    for (int i = 0; i < STACKS_MAX_READ; i++) {
        char frame[40];
        snprintf(frame, sizeof frame, "f%d /f.go", i);
        add_live(profile, FRAMES(frame), 1000, false);
    }
    struct blob blob = finish(profile);
    assert_true(stacks_init(&stacks, "inuse_space", NULL));
    assert_int_equal(stacks_add(&stacks, &upload, blob.bytes, blob.size, text), RECEIVER_OK);
    assert_int_equal(stacks.left_out, STACKS_MAX_READ - STACKS_MAX);
    assert_int_equal(stacks_add(&stacks, &upload, blob.bytes, blob.size, text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "profiles before it have 120000 different stacks already");
    assert_int_equal(stacks.profile_count, 1);
    stacks_free(&stacks);
    free(blob.bytes);
}

int main(void) {
    return tests_run();
}
