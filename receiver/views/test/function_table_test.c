// function_table_test.c: nodes of the same function have the same number.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../function_table.h"

static struct tree tree_of(struct profile *profile) {
    struct tree tree;
    assert_int_equal(tree_build(profile, &(struct tree_options){.type_index = 3, .base_type_index = -1}, &tree), MERGE_OK);
    return tree;
}

TEST(functions_are_told_by_name_and_file) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("f /a.c", "f /b.c", "main /a.c"), VALUES(0, 0, 1, 100), false);
    add_stack(profile, FRAMES("f /a.c", "main /a.c"), VALUES(0, 0, 1, 30), false);
    struct tree tree = tree_of(profile);
    struct function_table functions;
    uint32_t numbers[8] = {0};
    assert_int_equal(tree.count, 5);
    assert_true(function_table_start(&functions, &tree, tree.count));
    for (uint32_t node = 1; node < tree.count; node++) {
        numbers[node] = function_table_number(&functions, node, numbers);
    }
    assert_int_equal(functions.count, 3);
    for (uint32_t a = 1; a < tree.count; a++) {
        for (uint32_t b = 1; b < tree.count; b++) {
            const struct profile_frame *left = &tree.nodes[a].frame, *right = &tree.nodes[b].frame;
            bool same = strcmp(left->function, right->function) == 0 && strcmp(left->file, right->file) == 0;
            assert_int_equal(numbers[a] == numbers[b], same);
        }
    }
    function_table_free(&functions);
    tree_free(&tree);
    profile_free(profile);
}

TEST(beyond_the_capacity_there_are_no_new_ones) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("f /a.c", "main /a.c"), VALUES(0, 0, 1, 100), false);
    struct tree tree = tree_of(profile);
    struct function_table functions;
    uint32_t numbers[3] = {0};
    assert_true(function_table_start(&functions, &tree, 1));
    assert_int_equal(numbers[1] = function_table_number(&functions, 1, numbers), 0);
    assert_int_equal(function_table_number(&functions, 2, numbers), FUNCTION_TABLE_FULL);
    assert_int_equal(function_table_number(&functions, 1, numbers), 0);
    function_table_free(&functions);
    tree_free(&tree);
    profile_free(profile);
}

TEST(lines_are_functions_of_their_own) {
    struct profile *profile = new_heap_profile();
    uint32_t f = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = "/a.c"});
    for (int64_t line = 7; line < 9; line++) {
        uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){f, line, 0}, 1);
        profile_add_sample(profile, &location, 1, VALUES(0, 0, 1, 100), NULL, 0);
    }
    const struct tree_options options = {.type_index = 3, .base_type_index = -1, .by_line = true};
    struct tree tree;
    assert_int_equal(tree_build(profile, &options, &tree), MERGE_OK);
    assert_int_equal(tree.count, 3);
    for (int by_line = 0; by_line < 2; by_line++) {
        struct function_table functions;
        uint32_t numbers[3] = {0};
        assert_true(function_table_start(&functions, &tree, tree.count));
        functions.by_line = by_line;
        for (uint32_t node = 1; node < tree.count; node++) {
            numbers[node] = function_table_number(&functions, node, numbers);
        }
        assert_int_equal(numbers[2] - numbers[1], by_line);
        function_table_free(&functions);
    }
    tree_free(&tree);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
