// tag_sets_test.c: equal sets have one number, which is used again after the last reference.

#include "../../../base/test/test.h"

#include "../tag_sets.h"

#include <stdlib.h>

static uint32_t intern_with(struct tag_sets *sets, uint32_t first, uint32_t count, uint32_t files, bool has_rest, bool *fresh) {
    uint32_t tags[8];
    for (uint32_t i = 0; i < count; i++) {
        tags[i] = first + i;
    }
    struct tag_set set = {.process = first % 3, .facets = {first}, .tag_count = count, .files = files, .has_rest = has_rest};
    return tag_sets_intern(sets, &set, tags, fresh);
}

static uint32_t intern(struct tag_sets *sets, uint32_t first, uint32_t count, bool has_rest, bool *fresh) {
    return intern_with(sets, first, count, first % 2, has_rest, fresh);
}

TEST(numbers) {
    struct tag_sets sets = {0};
    bool fresh;
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 500; i++) {
            assert_int_equal(intern(&sets, i, i % 8, false, &fresh), i);
            assert_true(fresh == (round == 0));
        }
    }
    assert_int_equal(tag_sets_at(&sets, 15)->tag_count, 7);
    assert_int_equal(tag_sets_at(&sets, 15)->tags[6], 21);
    assert_int_equal(intern(&sets, 15, 7, true, &fresh), 500); // what is not in memory makes it another one
    assert_null(tag_sets_release(&sets, 15));
    struct tag_set *last = tag_sets_release(&sets, 15);
    assert_int_equal(last->facets[0], 15);
    free(last);
    assert_int_equal(intern(&sets, 9000, 2, false, &fresh), 15);
    assert_int_equal(intern(&sets, 15, 7, false, &fresh), 501);
    assert_true(fresh);
    assert_int_equal(intern_with(&sets, 15, 7, 8, false, &fresh), 502); // so do other names of attachments
    assert_true(fresh && tag_sets_at(&sets, 502)->files == 8 && tag_sets_at(&sets, 501)->files == 1);
    assert_int_equal(intern_with(&sets, 15, 7, 8, false, &fresh), 502);
    assert_false(fresh);
    tag_sets_free(&sets);
    assert_int_equal(sets.bytes, 0);
}

int main(void) {
    return tests_run();
}
