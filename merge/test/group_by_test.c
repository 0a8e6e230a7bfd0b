// Tests of group_by.c: names of values, samples without the label, equal names, sums, frames that only look alike.

#include "../../base/test/test.h"

#include "sample_profile.h"

static void add(struct profile *profile, uint32_t location, int64_t value, const struct profile_label *labels, size_t count) {
    profile_add_sample(profile, &location, location != 0, &value, labels, count);
}

static struct profile *labelled(uint32_t hash_mask) {
    struct profile *profile = profile_new();
    profile->hash_mask = hash_mask;
    profile_add_sample_type(profile, "a", "count");
    uint32_t f = add_frame(profile, 0, 1, "f"), g = add_frame(profile, 0, 2, "g");
    const struct profile_label acme[] = {{"tenant", "acme", 0, ""}, {"thread", "t", 0, ""}}, zeta = {"tenant", "zeta", 0, ""},
                               seven = {"tenant", NULL, 7, ""}, seven_bytes = {"tenant", NULL, 7, "bytes"}, empty = {"tenant", "", 0, ""},
                               two[] = {{"tenant", "x", 0, ""}, {"tenant", "y", 0, ""}};
    add(profile, f, 1, acme, 2);
    add(profile, g, 2, acme, 2);
    add(profile, f, 4, &zeta, 1);
    add(profile, f, 8, &seven, 1);
    add(profile, f, 16, &seven_bytes, 1);
    add(profile, f, 32, &empty, 1);
    add(profile, f, 64, two, 2);
    add(profile, f, 128, &(struct profile_label){"thread", "t", 0, ""}, 1);
    add(profile, 0, 256, acme, 1);
    add(profile, 0, 512, NULL, 0);
    assert_int_equal(profile_status(profile), MERGE_OK);
    return profile;
}

// "name" total of the root's children, by weight.
static void expect_first_level(struct profile *profile, const struct tree_options *options, const char *want) {
    struct tree tree;
    char got[500] = "";
    assert_int_equal(tree_build(profile, options, &tree), MERGE_OK);
    for (uint32_t at = tree.nodes[0].first_child; at != 0; at = tree.nodes[at].next_sibling) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%s %lld", used ? "; " : "", tree.nodes[at].frame.function,
                 (long long)tree.nodes[at].total);
        assert_true(tree.nodes[at].frame.label);
        assert_string_equal(tree.nodes[at].frame.file, "tenant");
    }
    assert_string_equal(got, want);
    tree_free(&tree);
}

TEST(values_are_roots) {
    const uint32_t masks[] = {UINT32_MAX, 0};
    for (int i = 0; i < 2; i++) {
        struct profile *profile = labelled(masks[i]);
        assert_int_equal(profile_group_by(profile, "tenant"), MERGE_OK);
        struct tree_options options = {.base_type_index = -1};
        expect_first_level(profile, &options, "(no label) 640; acme 259; x,y 64; (empty) 32; 7 bytes 16; 7 8; zeta 4");
        profile_free(profile);
    }
}

// A filter on labels goes on to work, and one on leaves is about real frames.
static bool any_leaf(const struct profile_frame *leaf, const void *context) {
    (void)context;
    return *leaf->function != '\0';
}

TEST(filters_still_work) {
    struct profile *profile = labelled(UINT32_MAX);
    assert_int_equal(profile_group_by(profile, "tenant"), MERGE_OK);
    struct tree_label label = {"thread", "t"};
    struct tree_options options = {.base_type_index = -1, .labels = &label, .label_count = 1};
    expect_first_level(profile, &options, "(no label) 128; acme 3");
    options = (struct tree_options){.base_type_index = -1, .keep_leaf = any_leaf};
    expect_first_level(profile, &options, "(no label) 128; x,y 64; (empty) 32; 7 bytes 16; 7 8; zeta 4; acme 3");
    profile_free(profile);
}

// The stack below is the sample's, and a function of a value's name and of the key as its file is no label.
TEST(frames_below_are_the_samples) {
    struct profile *profile = profile_new();
    struct profile_sample_view view;
    profile_add_sample_type(profile, "a", "count");
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "acme", .file = "tenant"});
    uint32_t alike = profile_add_location(profile, 0, 0, &(struct profile_line){.function = function}, 1),
             leaf = add_frame(profile, 0, 2, "f");
    int64_t value = 3;
    profile_add_sample(profile, (uint32_t[]){leaf, alike}, 2, &value, &(struct profile_label){"tenant", "acme", 0, ""}, 1);
    assert_int_equal(profile_group_by(profile, "tenant"), MERGE_OK);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_int_equal(view.frame_count, 3);
    assert_string_equal(view.frames[0].function, "f");
    assert_string_equal(view.frames[1].function, "acme");
    assert_string_equal(view.frames[2].function, "acme");
    assert_false(view.frames[0].label || view.frames[1].label);
    assert_true(view.frames[2].label);
    assert_int_equal(view.values[0], 3);
    profile_free(profile);
}

// Also of a profile without samples, and by two keys: the last one is outermost. What is written reads back.
TEST(writes_and_groups_again) {
    struct profile *empty = profile_new(), *profile = labelled(UINT32_MAX);
    assert_int_equal(profile_group_by(empty, "tenant"), MERGE_OK);
    profile_free(empty);
    assert_int_equal(profile_group_by(profile, "thread"), MERGE_OK);
    assert_int_equal(profile_group_by(profile, "tenant"), MERGE_OK);
    struct blob blob = encode_and_free(profile, MERGE_RAW);
    struct profile *again = decode_or_fail(blob);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(again, 0, &view), MERGE_OK);
    assert_int_equal(view.frame_count, 3);
    assert_string_equal(view.frames[0].function, "f");
    assert_string_equal(view.frames[1].function, "t");
    assert_string_equal(view.frames[2].function, "acme");
    assert_string_equal(view.frames[2].file, "tenant");
    profile_free(again);
    free(blob.bytes);
}

int main(void) {
    return tests_run();
}
