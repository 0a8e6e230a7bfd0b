// growth_export_test.c: the samples of a tree of slopes keep the totals of its nodes.

#include "../../../base/test/test.h"

#include "../growth_export.h"

static struct profile_frame frame(const char *name) {
    return (struct profile_frame){.function = name, .file = "/f.go", .mapping_file = "", .line = 7};
}

TEST(totals_stay) {
    struct growth_tree tree = {0};
    const struct profile_frame frames[] = {frame("leaf"), frame("main")}, other[] = {frame("other"), frame("main")};
    uint32_t leaf = growth_tree_stack(&tree, frames, 2, NULL, NULL), second = growth_tree_stack(&tree, other, 2, NULL, NULL);
    tree.nodes[leaf].total.slope = 10.4;
    tree.nodes[second].total.slope = -3;
    tree.nodes[tree.nodes[leaf].parent].total.slope = 27.4; // more than its children
    tree.nodes[0].total.slope = 27.4;
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_space_per_minute", "bytes");
    assert_true(growth_export(&tree, 1, profile));
    static const struct {
        const char *function;
        int64_t value;
    } expected[] = {{"main", 20}, {"leaf", 10}, {"other", -3}};
    assert_int_equal(profile_sample_count(profile), 3);
    for (size_t i = 0; i < 3; i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        assert_string_equal(sample.frames[0].function, expected[i].function);
        assert_int_equal(sample.values[0], expected[i].value);
        assert_string_equal(sample.frames[sample.frame_count - 1].function, "main");
        assert_int_equal(sample.frames[0].line, 7);
    }
    profile_free(profile);
    growth_tree_free(&tree);
}

TEST(less_than_one_a_minute) {
    struct growth_tree tree = {0};
    const struct profile_frame frames[] = {frame("leaf"), frame("main")};
    uint32_t leaf = growth_tree_stack(&tree, frames, 2, NULL, NULL);
    tree.nodes[leaf].total.slope = tree.nodes[tree.nodes[leaf].parent].total.slope = tree.nodes[0].total.slope = 1.0 / 12;
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_objects_per_day", "count");
    assert_true(growth_export(&tree, 24 * 60, profile));
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[0], 120);
    profile_free(profile);
    growth_tree_free(&tree);
}

TEST(nothing) {
    struct growth_tree tree = {0};
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_space_per_minute", "bytes");
    assert_true(growth_export(&tree, 1, profile));
    assert_int_equal(profile_sample_count(profile), 0);
    struct merge_budget budget = {.limit_bytes = 8};
    struct merge_budget *before = merge_use_budget(&budget);
    assert_false(growth_export(&tree, 1, profile));
    merge_use_budget(before);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
