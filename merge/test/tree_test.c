// Tests of tree.c: total and self values, order of children, recursion, labels, unsymbolized addresses.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../profile.h"

// The tree as text: name:self/total(children...).
static void print(const struct tree *tree, uint32_t id, FILE *out) {
    const struct tree_node *node = &tree->nodes[id];
    if (*node->frame.function || id == 0) {
        fprintf(out, "%s:%lld/%lld", node->frame.function, (long long)node->self, (long long)node->total);
    } else {
        fprintf(out, "0x%llx:%lld/%lld", (unsigned long long)node->frame.file_offset, (long long)node->self, (long long)node->total);
    }
    for (uint32_t child = node->first_child; child != 0; child = tree->nodes[child].next_sibling) {
        assert_int_equal(tree->nodes[child].parent, id);
        assert_true(id < child);
        fprintf(out, child == node->first_child ? "(" : " ");
        print(tree, child, out);
    }
    if (node->first_child) {
        fprintf(out, ")");
    }
}

static void expect_tree(struct tree *tree, const char *want) {
    char *got = NULL;
    size_t size;
    FILE *out = open_memstream(&got, &size);
    print(tree, 0, out);
    fclose(out);
    assert_string_equal(got, want);
    free(got);
    tree_free(tree);
}

static void expect(struct profile *profile, size_t type, const char *key, const char *text, const char *want) {
    struct tree tree;
    assert_int_equal(tree_of(profile, type, key, text, &tree), MERGE_OK);
    expect_tree(&tree, want);
}

TEST(sample_profile_as_tree) {
    struct profile *profile = sample_profile();
    expect(profile, 0, NULL, NULL, ":0/107(main:0/107(outer:0/100(inlined:0/100(leaf:100/100)) 0x400:7/7))");
    expect(profile, 1, NULL, NULL, ":0/50(main:0/50(outer:0/50(inlined:0/50(leaf:50/50))))");
    expect(profile, 0, "thread", "t1", ":0/100(main:0/100(outer:0/100(inlined:0/100(leaf:100/100))))");
    expect(profile, 0, "size", "64", ":0/100(main:0/100(outer:0/100(inlined:0/100(leaf:100/100))))");
    expect(profile, 0, "thread", "t2", ":0/0");
    struct tree tree;
    assert_int_equal(tree_of(profile, 2, NULL, NULL, &tree), MERGE_NOT_FOUND);
    profile_free(profile);
}

// The same function at two addresses is one node; below itself it is a second one. Children are sorted by total, then name.
TEST(nodes_are_functions) {
    const uint32_t masks[] = {UINT32_MAX, 0};
    for (int i = 0; i < 2; i++) {
        struct profile *profile = profile_new();
        profile->hash_mask = masks[i];
        profile_add_sample_type(profile, "a", "count");
        uint32_t here = add_frame(profile, 0, 1, "f"), there = add_frame(profile, 0, 2, "f");
        uint32_t c = add_frame(profile, 0, 3, "c"), b = add_frame(profile, 0, 4, "b"), a = add_frame(profile, 0, 5, "a");
        profile_add_sample(profile, (uint32_t[]){here}, 1, (int64_t[]){1}, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){there}, 1, (int64_t[]){2}, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){here, there}, 2, (int64_t[]){4}, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){c, here}, 2, (int64_t[]){8}, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){b, here}, 2, (int64_t[]){8}, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){a, here}, 2, (int64_t[]){-3}, NULL, 0);
        profile_add_sample(profile, NULL, 0, (int64_t[]){100}, NULL, 0);
        expect(profile, 0, NULL, NULL, ":100/120(f:3/20(b:8/8 c:8/8 f:4/4 a:-3/-3))");
        // The first child again, and another one.
        profile_add_sample(profile, (uint32_t[]){there, here}, 2, (int64_t[]){16}, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){c, there}, 2, (int64_t[]){32}, NULL, 0);
        expect(profile, 0, NULL, NULL, ":100/168(f:3/68(c:40/40 f:20/20 b:8/8 a:-3/-3))");
        profile_free(profile);
    }
}

// ---- Sample selection ----

static void expect_with(struct profile *profile, struct tree_options options, const char *want) {
    struct tree tree;
    assert_int_equal(tree_build(profile, &options, &tree), MERGE_OK);
    expect_tree(&tree, want);
}

static bool is_leaf(const struct profile_frame *leaf, const void *name) {
    return strcmp(leaf->function, name) == 0;
}

TEST(samples_are_chosen_by_labels_and_leaf) {
    struct profile *profile = sample_profile();
    uint32_t f = add_frame(profile, 0, 1, "f");
    profile_add_sample(profile, &f, 1, (int64_t[]){3, 0}, &(struct profile_label){"thread", "t2", 0, ""}, 1);
    profile_add_sample(profile, NULL, 0, (int64_t[]){9, 0}, NULL, 0);
    struct tree_label both[] = {{"thread", "t1"}, {"thread", "t2"}, {"size", "64"}};
    expect_with(profile, (struct tree_options){.base_type_index = -1, .labels = both, .label_count = 1},
                ":0/100(main:0/100(outer:0/100(inlined:0/100(leaf:100/100))))");
    expect_with(profile, (struct tree_options){.base_type_index = -1, .labels = both, .label_count = 2},
                ":0/103(main:0/100(outer:0/100(inlined:0/100(leaf:100/100))) f:3/3)");
    expect_with(profile, (struct tree_options){.base_type_index = -1, .labels = both, .label_count = 3},
                ":0/100(main:0/100(outer:0/100(inlined:0/100(leaf:100/100))))");
    expect_with(profile, (struct tree_options){.base_type_index = -1, .keep_leaf = is_leaf, .context = "f"}, ":0/3(f:3/3)");
    // Ranges of numbers; a text is none.
    static const char *const in[] = {"64..65", "-5..100", "0..64", "65..100", "64..", "..65", "64..65x", "64...65", "t1..t2"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        const struct tree_label range[] = {{"size", in[i]}};
        expect_with(profile, (struct tree_options){.base_type_index = -1, .labels = range, .label_count = 1},
                    i < 2 ? ":0/100(main:0/100(outer:0/100(inlined:0/100(leaf:100/100))))" : ":0/0");
    }
    profile_free(profile);
}

// With a second type: nodes with a value of either are included, and the larger one decides the order.
TEST(two_types_in_one_tree) {
    struct profile *profile = profile_new();
    struct tree tree;
    profile_add_sample_type(profile, "now", "bytes");
    profile_add_sample_type(profile, "before", "bytes");
    uint32_t a = add_frame(profile, 0, 1, "a"), b = add_frame(profile, 0, 2, "b");
    profile_add_sample(profile, &a, 1, (int64_t[]){5, 0}, NULL, 0);
    profile_add_sample(profile, &b, 1, (int64_t[]){0, 7}, NULL, 0);
    struct tree_options options = {.type_index = 0, .base_type_index = 1};
    assert_int_equal(tree_build(profile, &options, &tree), MERGE_OK);
    const struct tree_node *first = &tree.nodes[tree.nodes[0].first_child], *second = &tree.nodes[first->next_sibling];
    assert_true(tree.count == 3 && tree.nodes[0].total == 5 && tree.nodes[0].base_total == 7);
    assert_string_equal(first->frame.function, "b");
    assert_true(first->self == 0 && first->total == 0 && first->base_self == 7 && first->base_total == 7);
    assert_true(second->self == 5 && second->base_total == 0);
    tree_free(&tree);
    options.base_type_index = 2;
    assert_int_equal(tree_build(profile, &options, &tree), MERGE_NOT_FOUND);
    profile_free(profile);
}

TEST(empty_profile_has_a_root) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "a", "count");
    expect(profile, 0, NULL, NULL, ":0/0");
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
