// top_test.c: order and selection of rows, sample types by name.

#include "../../../base/test/test.h"

#include "../top.h"
#include "../../test/fixture.h"

static struct profile *make_profile(int64_t a, int64_t b, int64_t c) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "a<main.x", 1, a, 7, false);
    fixture_add_sample(profile, "b<main.x", 2, b, 0, true);
    fixture_add_sample(profile, "c<main.x", 3, c, 0, false);
    return profile;
}

// Compares the rows' names, one letter each.
static const char *names(const struct top *top) {
    static char text[32];
    size_t length = 0;
    for (size_t i = 0; i < top->count; i++) {
        text[length++] = flat_cum_frame(&top->sums, top->rows[i], 0)->function[0];
    }
    text[length] = '\0';
    return text;
}

static void expect(struct profile *profile, struct profile *base, struct top_options options, const char *expected) {
    struct top top;
    assert_int_equal(top_build(profile, base, &options, &top), MERGE_OK);
    assert_string_equal(names(&top), expected);
    top_free(&top);
}

TEST_IN(directory, order) {
    struct profile *profile = make_profile(10, 30, -20);
    expect(profile, NULL, (struct top_options){.lines = 9}, "bcam");                 // by magnitude, like google/pprof
    expect(profile, NULL, (struct top_options){.lines = 9, .by_cum = true}, "bmca"); // 30, 20, -20, 10
    expect(profile, NULL, (struct top_options){.lines = 2}, "bc");
    expect(profile, NULL, (struct top_options){.lines = 9, .memory = FLAT_CUM_GO}, "cam");
    expect(profile, NULL, (struct top_options){.lines = 9, .type = "alloc_space"}, "am");
    profile_free(profile);
}

// Equal on both sides: no row. Zero on one side: a row.
TEST_IN(directory, difference) {
    struct profile *base = make_profile(10, 30, 0), *new = make_profile(5, 30, 100);
    struct top top;
    expect(new, base, (struct top_options){.lines = 9}, "cam");
    assert_int_equal(top_build(new, base, &(struct top_options){.lines = 9}, &top), MERGE_OK);
    assert_int_equal(top_flat(&top, top.rows[1]), -5);
    assert_int_equal(top_cum(&top, top.rows[2]), 95);
    assert_int_equal(top_objects(&top, top.rows[0]), 3);
    top_free(&top);
    profile_free(base);
    profile_free(new);
}

TEST_IN(directory, saturates) {
    assert_int_equal(top_difference(INT64_MAX, -1), INT64_MAX);
    assert_int_equal(top_difference(INT64_MIN, 1), INT64_MIN);
    assert_int_equal(top_difference(1, 3), -2);
}

TEST_IN(directory, types) {
    struct profile *profile = make_profile(1, 2, 3), *other = profile_new();
    struct top top;
    profile_add_sample_type(other, "cpu", "nanoseconds");
    profile_add_sample(other, NULL, 0, (int64_t[]){1}, NULL, 0);
    assert_int_equal(top_build(profile, NULL, &(struct top_options){.type = "wall", .lines = 1}, &top), MERGE_NOT_FOUND);
    assert_int_equal(top_build(profile, other, &(struct top_options){.lines = 1}, &top), MERGE_NOT_FOUND);
    assert_int_equal(top_build(other, NULL, &(struct top_options){.lines = 1}, &top), MERGE_OK);
    assert_string_equal(top.type, "cpu");
    assert_false(top.has_objects);
    top_free(&top);
    profile_free(profile);
    profile_free(other);
}

int main(void) {
    return tests_run();
}
