// Tests of profile.c: equal entries are merged and different ones are not, even if all hashes are equal; sums saturate; the first failure
// is kept.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../profile.h"

static struct profile *new_profile(uint32_t hash_mask) {
    struct profile *profile = profile_new();
    assert_non_null(profile);
    profile->hash_mask = hash_mask;
    profile_add_sample_type(profile, "a", "count");
    return profile;
}

// Functions that differ from `base` in one field each, and base again.
static void functions(struct profile *profile) {
    const struct profile_function all[] = {{"n", "s", "f", 1}, {"m", "s", "f", 1}, {"n", "t", "f", 1},
                                           {"n", "s", "g", 1}, {"n", "s", "f", 2}, {"n", NULL, "f", 1}};
    uint32_t count = sizeof all / sizeof *all;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(profile_add_function(profile, &all[i]), i + 1);
        }
    }
}

static void locations(struct profile *profile) {
    uint32_t mapping = profile_add_mapping(profile, &program);
    const struct profile_line lines[] = {{1, 1, 1}, {2, 1, 1}};
    const struct profile_line other_line[] = {{1, 2, 1}, {2, 1, 1}}, other_column[] = {{1, 1, 2}, {2, 1, 1}},
                              inner_column[] = {{1, 1, 1}, {2, 1, 3}}, swapped[] = {{2, 1, 1}, {1, 1, 1}};
    for (int round = 0; round < 2; round++) {
        uint32_t id = 1;
        assert_int_equal(profile_add_location(profile, 0, 0, lines, 2), id++);
        assert_int_equal(profile_add_location(profile, mapping, 0, lines, 2), id++);
        assert_int_equal(profile_add_location(profile, 0, 1, lines, 2), id++);
        assert_int_equal(profile_add_location(profile, 0, 0, lines, 1), id++);
        assert_int_equal(profile_add_location(profile, 0, 0, lines, 0), id++);
        assert_int_equal(profile_add_location(profile, 0, 0, other_line, 2), id++);
        assert_int_equal(profile_add_location(profile, 0, 0, other_column, 2), id++);
        assert_int_equal(profile_add_location(profile, 0, 0, inner_column, 2), id++);
        assert_int_equal(profile_add_location(profile, 0, 0, swapped, 2), id++);
    }
}

#define SAMPLE(...)                                                                                                                        \
    profile_add_sample(profile, refs, 2, (int64_t[]){1}, (struct profile_label[]){__VA_ARGS__},                                            \
                       sizeof((struct profile_label[]){__VA_ARGS__}) / sizeof(struct profile_label))

static void samples(struct profile *profile) {
    const uint32_t refs[] = {1, 2}, swapped[] = {2, 1};
    for (int round = 0; round < 2; round++) {
        profile_add_sample(profile, refs, 2, (int64_t[]){1}, NULL, 0);
        profile_add_sample(profile, refs, 1, (int64_t[]){1}, NULL, 0);
        profile_add_sample(profile, refs, 0, (int64_t[]){1}, NULL, 0);
        profile_add_sample(profile, swapped, 2, (int64_t[]){1}, NULL, 0);
        SAMPLE({"k", "v", 0, ""});
        SAMPLE({"k", "w", 0, ""});
        SAMPLE({"l", "v", 0, ""});
        SAMPLE({"k", NULL, 1, ""});
        SAMPLE({"k", NULL, 2, ""});
        SAMPLE({"k", NULL, 1, "bytes"});
        SAMPLE({"k", "v", 0, ""}, {"k", "v", 0, ""});
        SAMPLE({"k", "v", 0, ""}, {"l", NULL, 5, ""}, {"k", "w", 0, ""});
    }
    assert_int_equal(profile_sample_count(profile), 12);
    SAMPLE({"k", "w", 0, ""}, {"k", "v", 0, ""}, {"l", NULL, 5, ""}); // the order of labels does not matter
    assert_int_equal(profile_sample_count(profile), 12);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(*profile_sample_values(profile, i), i == 11 ? 3 : 2);
    }
}

TEST(equal_by_content_only) {
    const uint32_t masks[] = {UINT32_MAX, 0};
    for (int i = 0; i < 2; i++) {
        struct profile *profile = new_profile(masks[i]);
        functions(profile);
        locations(profile);
        samples(profile);
        assert_int_equal(profile_status(profile), MERGE_OK);
        profile_free(profile);
    }
}

TEST(sums_saturate) {
    struct profile *profile = new_profile(UINT32_MAX);
    for (int i = 0; i < 3; i++) {
        profile_add_sample(profile, NULL, 0, (int64_t[]){INT64_MAX - 1}, NULL, 0);
        profile_add_sample(profile, NULL, 0, (int64_t[]){INT64_MIN + 1}, (struct profile_label[]){{"k", "v", 0, ""}}, 1);
    }
    assert_true(*profile_sample_values(profile, 0) == INT64_MAX);
    assert_true(*profile_sample_values(profile, 1) == INT64_MIN);
    profile_free(profile);
}

TEST(comments_are_a_set) {
    struct profile *profile = new_profile(0);
    const char *const comments[] = {"a", "b", "a", "", "b", ""};
    for (size_t i = 0; i < 6; i++) {
        profile_add_comment(profile, comments[i]);
    }
    assert_int_equal(profile->comments.count, 3);
    profile_free(profile);
}

TEST(first_failure_sticks) {
    uint8_t *bytes;
    size_t size;
    for (int kind = 0; kind < 5; kind++) {
        struct profile *profile = new_profile(UINT32_MAX);
        if (kind == 0) {
            assert_int_equal(profile_add_location(profile, 7, 0, NULL, 0), 0);
        } else if (kind == 1) {
            assert_int_equal(profile_add_location(profile, 0, 0, (struct profile_line[]){{9, 0, 0}}, 1), 0);
        } else if (kind == 2) {
            assert_int_equal(profile_add_location(profile, 0, 0, (struct profile_line[]){{0, 0, 0}}, 1), 0);
        } else if (kind == 3) {
            profile_add_sample(profile, (uint32_t[]){1}, 1, (int64_t[]){1}, NULL, 0);
        }
        profile_add_sample(profile, NULL, 0, (int64_t[]){1}, NULL, 0);
        if (kind == 4) {
            profile_add_sample_type(profile, "too", "late");
        }
        assert_int_equal(profile_status(profile), MERGE_MALFORMED);
        assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_MALFORMED);
        assert_null(bytes);
        profile_free(profile);
    }
}

TEST(many_labels_and_lines) {
    struct profile *profile = new_profile(UINT32_MAX);
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f"});
    struct profile_line lines[100];
    struct profile_label labels[100];
    for (int i = 0; i < 100; i++) {
        lines[i] = (struct profile_line){function, i, 0};
        labels[i] = (struct profile_label){"k", NULL, i * 7 % 100, ""};
    }
    uint32_t location = profile_add_location(profile, 0, 0, lines, 100);
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, labels, 100);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_int_equal(view.frame_count, 100);
    assert_int_equal(view.label_count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(view.frames[i].line, i);
        assert_int_equal(view.labels[i].number, i);
    }
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
