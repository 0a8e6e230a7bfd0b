// flat_cum_test.c: sums by function and by stack: recursion, both sides, filters, saturation, samples without a stack.

#include "../../../base/test/test.h"

#include "../flat_cum.h"
#include "../../test/fixture.h"

static const struct flat_cum_row *row_named(const struct flat_cum *sums, const char *name) {
    for (size_t i = 0; i < sums->row_count; i++) {
        const struct flat_cum_row *row = &sums->rows[i];
        if (row->count ? strcmp(flat_cum_frame(sums, row, 0)->function, name) == 0 : !*name) {
            return row;
        }
    }
    fail_msg("no row %s", name);
    return NULL;
}

static struct profile *make_profile(void) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "a<b<main.c", 1, 10, 0, true);
    fixture_add_sample(profile, "b<b<b<main.c", 2, 100, 0, false); // b calls itself
    fixture_add_sample(profile, "", 3, 1000, 0, false);
    fixture_add_sample(profile, "z<main.c", 0, 0, 5, false);
    return profile;
}

TEST_IN(directory, by_function) {
    struct profile *profile = make_profile();
    struct flat_cum sums;
    flat_cum_start(&sums, false, FRAME_BY_FUNCTION, NULL);
    assert_int_equal(flat_cum_add(&sums, FLAT_CUM_NEW, profile, 1, 0), MERGE_OK);
    assert_int_equal(sums.row_count, 4); // not z, whose values are 0
    assert_int_equal(row_named(&sums, "b")->flat[FLAT_CUM_NEW], 100);
    assert_int_equal(row_named(&sums, "b")->cum[FLAT_CUM_NEW], 110);
    assert_int_equal(row_named(&sums, "b")->objects[FLAT_CUM_NEW], 2);
    assert_int_equal(row_named(&sums, "main.c")->flat[FLAT_CUM_NEW], 0);
    assert_int_equal(row_named(&sums, "main.c")->cum[FLAT_CUM_NEW], 110);
    assert_int_equal(row_named(&sums, "")->flat[FLAT_CUM_NEW], 1000);
    assert_int_equal(sums.go_total[FLAT_CUM_NEW], 1100);
    assert_int_equal(sums.c_total[FLAT_CUM_NEW], 10);
    assert_int_equal(sums.objects[FLAT_CUM_NEW], 6);
    // The other side, from another profile, has the same rows.
    struct profile *base = make_profile();
    assert_int_equal(flat_cum_add(&sums, FLAT_CUM_BASE, base, 1, -1), MERGE_OK);
    assert_int_equal(sums.row_count, 4);
    assert_int_equal(row_named(&sums, "b")->cum[FLAT_CUM_BASE], 110);
    assert_int_equal(row_named(&sums, "b")->cum[FLAT_CUM_NEW], 110);
    assert_int_equal(row_named(&sums, "b")->objects[FLAT_CUM_BASE], 0);
    flat_cum_free(&sums);
    profile_free(base);
    profile_free(profile);
}

TEST_IN(directory, by_stack) {
    struct profile *profile = make_profile();
    struct flat_cum sums;
    flat_cum_start(&sums, true, FRAME_BY_FUNCTION, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(flat_cum_add(&sums, FLAT_CUM_NEW, profile, 1, 0), MERGE_OK);
    }
    assert_int_equal(sums.row_count, 3);
    const struct flat_cum_row *row = row_named(&sums, "a");
    assert_int_equal(row->count, 3);
    assert_int_equal(row->flat[FLAT_CUM_NEW], 20);
    assert_string_equal(flat_cum_frame(&sums, row, 2)->function, "main.c");
    flat_cum_free(&sums);
    profile_free(profile);
}

TEST_IN(directory, memory_and_filter) {
    struct profile *profile = make_profile();
    struct filter filter = {0};
    struct flat_cum sums;
    flat_cum_start(&sums, true, FRAME_BY_FUNCTION, NULL);
    sums.memory = FLAT_CUM_C;
    assert_int_equal(flat_cum_add(&sums, FLAT_CUM_NEW, profile, 1, 0), MERGE_OK);
    assert_int_equal(sums.row_count, 1);
    assert_int_equal(sums.go_total[FLAT_CUM_NEW], 1100); // totals ignore the filter
    flat_cum_free(&sums);
    assert_int_equal(filter_compile("top", &filter, FILTER_FOCUS, "^b$"), 0);
    assert_int_equal(filter_compile("top", &filter, FILTER_IGNORE, "^a$"), 0);
    flat_cum_start(&sums, false, FRAME_BY_FUNCTION, &filter);
    assert_int_equal(flat_cum_add(&sums, FLAT_CUM_NEW, profile, 1, 0), MERGE_OK);
    assert_int_equal(sums.row_count, 2);
    assert_int_equal(row_named(&sums, "main.c")->cum[FLAT_CUM_NEW], 100);
    flat_cum_free(&sums);
    filter_free(&filter);
    profile_free(profile);
}

TEST_IN(directory, saturates) {
    struct profile *profile = fixture_profile();
    struct flat_cum sums;
    fixture_add_sample(profile, "a<b", 1, INT64_MAX, 0, false);
    fixture_add_sample(profile, "a<c", 1, INT64_MAX, 0, false);
    flat_cum_start(&sums, false, FRAME_BY_FUNCTION, NULL);
    assert_int_equal(flat_cum_add(&sums, FLAT_CUM_NEW, profile, 1, 0), MERGE_OK);
    assert_int_equal(row_named(&sums, "a")->flat[FLAT_CUM_NEW], INT64_MAX);
    assert_int_equal(sums.go_total[FLAT_CUM_NEW], INT64_MAX);
    flat_cum_free(&sums);
    profile_free(profile);
}

// Four million frames in samples of a few bytes each need memory only for distinct functions.
TEST_IN(directory, memory_is_bounded) {
    enum { SAMPLES = 2000, DEPTH = 2000 };
    struct profile *profile = fixture_profile();
    struct flat_cum sums;
    uint32_t locations[DEPTH];
    char name[20];
    for (int i = 0; i < DEPTH; i++) {
        snprintf(name, sizeof name, "f%d", i % 100);
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = ""});
        locations[i] = profile_add_location(profile, 0, 0, &(struct profile_line){function, i, 0}, 1);
    }
    for (int i = 0; i < SAMPLES; i++) {
        struct profile_label number = {"n", NULL, i, ""};
        profile_add_sample(profile, locations, DEPTH, (int64_t[]){1, 1, 1}, &number, 1);
    }
    for (int by_stack = 0; by_stack < 2; by_stack++) {
        flat_cum_start(&sums, by_stack, FRAME_BY_FUNCTION, NULL);
        assert_int_equal(flat_cum_add(&sums, FLAT_CUM_NEW, profile, 1, 0), MERGE_OK);
        assert_int_equal(sums.row_count, by_stack ? 1 : 100);
        assert_true(sums.id_capacity < 10000 && sums.row_capacity < 1000 && sums.frames.seen_capacity < 1000);
        assert_int_equal(sums.rows[0].cum[FLAT_CUM_NEW], SAMPLES);
        flat_cum_free(&sums);
    }
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
