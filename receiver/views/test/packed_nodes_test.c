// packed_nodes_test.c: columns behind JSON, of a tree the same numbers as in its JSON.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../packed_nodes.h"
#include "../view.h"

static struct json tree_of(struct profile *profile, const struct view_filter *filter) {
    struct json json = {0};
    char text[200] = "";
    json_object_begin(&json);
    assert_int_equal(view_tree(profile, "inuse_space", NULL, filter, &json, text, sizeof text), RECEIVER_OK);
    json_object_end(&json);
    return json;
}

static struct profile *new_profile(void) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("leaf /l.go", "mid /m.go", "main /a.go"), VALUES(1, 1, 1, 600), false);
    add_stack(profile, FRAMES("mid /m.go", "main /a.go"), VALUES(1, 1, 1, 50), false);
    add_stack(profile, FRAMES("other /o.go"), VALUES(1, 1, 1, 900), false);
    return profile;
}

TEST(the_same_numbers) {
    struct packed_nodes nodes = {0};
    struct profile *profile = new_profile();
    struct json plain = tree_of(profile, &(struct view_filter){0}), packed = tree_of(profile, &(struct view_filter){.packed = &nodes});
    expect_at(&plain, "$.nodes", "[[0,0,7,900,900],[0,1,7,0,650],[2,2,7,50,650],[3,3,7,600,600]]");
    expect_at(&packed, "$.nodes", "(none)");
    expect_at(&packed, "$.nodes_packed", "5");
    assert_false(packed_nodes_are_in(&packed));
    assert_true(packed_nodes_finish(&nodes, &packed));
    assert_null(nodes.self);
    assert_true(packed_nodes_are_in(&packed) && packed.size % 8 == 4); // 5 times 28 behind a multiple of 8
    uint32_t length;
    memcpy(&length, packed.bytes + 4, sizeof length);
    assert_int_equal(length % 8, 0);
    struct json head = {.bytes = packed.bytes + 8, .size = length};
    expect_at(&head, "$.functions[0].name", "other");
    static const double self[] = {0, 900, 0, 50, 600}, total[] = {1550, 900, 650, 650, 600};
    static const int32_t parent[] = {0, 0, 0, 2, 3}, function[] = {-1, 0, 1, 2, 3}, line[] = {0, 7, 7, 7, 7};
    const char *at = packed.bytes + 8 + length;
    assert_memory_equal(at, self, sizeof self);
    assert_memory_equal(at + 40, total, sizeof total);
    assert_memory_equal(at + 80, parent, sizeof parent);
    assert_memory_equal(at + 100, function, sizeof function);
    assert_memory_equal(at + 120, line, sizeof line);
    json_free(&plain);
    json_free(&packed);
    profile_free(profile);
}

// Counts of objects are in the JSON, and so are the nodes that have them.
TEST(with_objects) {
    struct packed_nodes nodes = {0};
    struct profile *profile = new_profile();
    struct json json = tree_of(profile, &(struct view_filter){.packed = &nodes, .objects = VIEW_OBJECTS_OF_SMALL});
    assert_null(nodes.self);
    expect_at(&json, "$.nodes_packed", "(none)");
    expect_at(&json, "$.nodes[0][0]", "0");
    assert_true(packed_nodes_finish(&nodes, &json));
    assert_false(packed_nodes_are_in(&json));
    json_free(&json);
    profile_free(profile);
}

TEST(bounds) {
    struct merge_budget budget = {.limit_bytes = 1000};
    struct merge_budget *before = merge_use_budget(&budget);
    struct packed_nodes nodes = {0};
    assert_false(packed_nodes_make(&nodes, 100));
    assert_false(packed_nodes_make(&nodes, SIZE_MAX / 2));
    assert_true(packed_nodes_make(&nodes, 30));
    packed_nodes_free(&nodes);
    assert_int_equal(budget.used_bytes, 0);
    merge_use_budget(before);
}

int main(void) {
    return tests_run();
}
