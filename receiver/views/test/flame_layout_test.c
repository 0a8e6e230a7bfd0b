// flame_layout_test.c: where boxes are, what of names fits, and values with units. What is written of them: export_svg_test.c.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../flame_layout.h"

struct seen {
    size_t count, most;
    double x, width;
    size_t y;
    char label[64];
};

static bool take(void *context, const struct flame_box *box) {
    struct seen *seen = context;
    seen->x = box->x;
    seen->width = box->width;
    seen->y = box->y;
    snprintf(seen->label, sizeof seen->label, "%s", box->label);
    return ++seen->count < seen->most;
}

TEST(boxes) {
    struct profile *profile = new_heap_profile();
    struct tree tree = {0};
    add_stack(profile, FRAMES("g /b.c", "f /a.c"), VALUES(0, 0, 1, 750), false);
    add_stack(profile, FRAMES("a_very_long_name_that_does_not_fit /b.c"), VALUES(0, 0, 1, 50), false);
    assert_int_equal(tree_build(profile, &(struct tree_options){.type_index = 3, .base_type_index = -1}, &tree), MERGE_OK);
    const struct export_tree of = {&tree, "inuse_space", "bytes", "title"};
    struct seen seen = {.most = 100};
    assert_true(flame_layout(&of, take, &seen));
    assert_int_equal(seen.count, 4);
    assert_true(seen.x == 10 + 1180 * 0.9375 && seen.width == 1180 * 0.0625 && seen.y == 57);
    assert_string_equal(seen.label, "a_very_lo\xe2\x80\xa6");
    assert_int_equal(flame_height(&of), 40 + 3 * 17 + 10);
    seen = (struct seen){.most = 2}; // what the callback ends
    assert_false(flame_layout(&of, take, &seen));
    assert_int_equal(seen.count, 2);
    tree_free(&tree);
    profile_free(profile);
}

// 9e15 and -9e15 + 1000 below one caller.
TEST(a_box_ends_where_its_caller_does) {
    struct profile *profile = new_heap_profile();
    struct tree tree = {0};
    add_stack(profile, FRAMES("f /a.c"), VALUES(0, 0, 1, 9000000000000000), false);
    add_stack(profile, FRAMES("g /a.c"), VALUES(0, 0, 1, 1000 - 9000000000000000), false);
    assert_int_equal(tree_build(profile, &(struct tree_options){.type_index = 3, .base_type_index = -1}, &tree), MERGE_OK);
    const struct export_tree of = {&tree, "inuse_space", "bytes", "title"};
    struct seen seen = {.most = 100};
    assert_true(flame_layout(&of, take, &seen));
    assert_int_equal(seen.count, 2);
    assert_true(seen.x == 10 && seen.width == 1180);
    assert_string_equal(seen.label, "f");
    tree_free(&tree);
    profile_free(profile);
}

TEST(values) {
    static const struct {
        int64_t value;
        const char *unit, *text;
    } cases[] = {{0, "bytes", "0 B"},        {1500, "bytes", "1.50 kB"},          {2000000000, "bytes", "2.00 GB"},
                 {7, "nanoseconds", "7 ns"}, {1500000, "nanoseconds", "1.50 ms"}, {12, "count", "12 count"}};
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flame_value(cases[i].value, cases[i].unit, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    return tests_run();
}
