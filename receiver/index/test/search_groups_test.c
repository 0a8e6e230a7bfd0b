// search_groups_test.c: values of tags: of facets and others, of several, of uploads without one, and too many.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_groups.h"

static void expect_group(struct search_groups *groups, const struct search *search, int64_t id, const char *want) {
    uint32_t number = search_groups_of(groups, search, search_find(search, id));
    assert_true(number > 0 && number <= search_groups_count(groups));
    assert_string_equal(search_groups_text(groups, number), want);
}

static void begin(struct search_groups *groups, const char *key, const struct search *search) {
    search_groups_init(groups, key);
    assert_true(search_groups_begin(groups, search));
}

TEST(facet) {
    struct search search;
    struct search_groups groups;
    fill(&search);
    begin(&groups, "service", &search);
    expect_group(&groups, &search, 1, "shop");
    expect_group(&groups, &search, 3, "shop");
    expect_group(&groups, &search, 4, "cart");
    expect_group(&groups, &search, 9, "(none)");
    assert_int_equal(search_groups_count(&groups), 3);
    assert_int_equal(search_groups_of(&groups, &search, search_find(&search, 1)),
                     search_groups_of(&groups, &search, search_find(&search, 3)));
    search_groups_free(&groups);
    search_free(&search);
}

// A key is not taken for the beginning of another one.
TEST(tag) {
    struct search search = {0};
    struct search_groups groups;
    add_upload(&search, 1, 100, "shop", NULL, "region:a,regional:x");
    add_upload(&search, 2, 100, "shop", NULL, "region:a,region:b");
    add_upload(&search, 3, 100, "shop", NULL, "regional:a,region");
    begin(&groups, "region", &search);
    expect_group(&groups, &search, 1, "a");
    expect_group(&groups, &search, 2, "a,b");
    expect_group(&groups, &search, 3, "(none)");
    assert_int_equal(groups.unknown + groups.beyond, 0);
    search_groups_free(&groups);
    search_free(&search);
}

// A tag that each upload has for itself; more values than are told apart; one that is longer than is kept.
TEST(many_values) {
    struct search search = {0};
    struct search_groups groups;
    char tags[400];
    for (int i = 1; i <= SEARCH_GROUPS_MAX + 5; i++) {
        snprintf(tags, sizeof tags, "region:a,seq:%d", i);
        add_upload(&search, i, i, "shop", NULL, tags);
    }
    snprintf(tags, sizeof tags, "seq:%0*d", 300, 7);
    begin(&groups, "seq", &search);
    for (int i = 1; i <= SEARCH_GROUPS_MAX + 5; i++) {
        char want[40];
        snprintf(want, sizeof want, "%d", i);
        expect_group(&groups, &search, i, i <= SEARCH_GROUPS_MAX ? want : "(others)");
    }
    assert_int_equal(groups.beyond, 5);
    assert_int_equal(search_groups_count(&groups), SEARCH_GROUPS_MAX + 1);
    search_groups_free(&groups);
    add_upload(&search, SEARCH_GROUPS_MAX + 6, 1, "shop", NULL, tags);
    begin(&groups, "seq", &search);
    uint32_t number = search_groups_of(&groups, &search, search_find(&search, SEARCH_GROUPS_MAX + 6));
    assert_int_equal(strlen(search_groups_text(&groups, number)), SEARCH_GROUP_BYTES - 1);
    search_groups_free(&groups);
    search_free(&search);
}

// Tags that are not in memory: the value is unknown, not missing.
TEST(not_in_memory) {
    struct search search = {.keeps_rest = true};
    struct search_groups groups;
    char *tags = NULL;
    size_t size;
    FILE *out = open_memstream(&tags, &size);
    for (int i = 0; i < SEARCH_ROW_TAGS + 10; i++) {
        fprintf(out, "%sk%d:v", i ? "," : "", i);
    }
    fclose(out);
    add_upload(&search, 1, 100, "shop", NULL, tags);
    free(tags);
    begin(&groups, "k1", &search);
    expect_group(&groups, &search, 1, "v");
    search_groups_free(&groups);
    begin(&groups, "nobody", &search);
    expect_group(&groups, &search, 1, "(not looked at)");
    assert_int_equal(groups.unknown, 1);
    search_groups_free(&groups);
    begin(&groups, "service", &search);
    expect_group(&groups, &search, 1, "shop");
    search_groups_free(&groups);
    search_free(&search);
}

int main(void) {
    return tests_run();
}
