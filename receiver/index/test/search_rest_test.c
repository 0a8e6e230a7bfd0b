// search_rest_test.c: tags that are read one after the other.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_rest.h"

TEST(each_tag) {
    struct search search;
    struct search_rest rest = {0};
    int reads;
    fill_without_tags(&search, &reads);
    const struct search_row *row = search_find(&search, 3);
    const char *tag = search_rest_next(&search, row, &rest, NULL);
    assert_string_equal(tag, "service:shop");
    assert_string_equal(tag = search_rest_next(&search, row, &rest, tag), "env:test");
    assert_string_equal(tag = search_rest_next(&search, row, &rest, tag), "region:b");
    assert_string_equal(tag = search_rest_next(&search, row, &rest, tag), "region:b"); // behind an empty one
    assert_null(search_rest_next(&search, row, &rest, tag));
    assert_string_equal(search_rest_next(&search, row, &rest, NULL), "service:shop");
    assert_int_equal(reads, 1);
    search_rest_free(&rest);
    assert_null(search_rest_next(&search, search_find(&search, 9), &rest, NULL));
    assert_int_equal(reads, 1);
    search_rest_free(&rest);
    search_free(&search);
}

TEST(all_in_memory) {
    struct search search;
    struct search_rest rest = {0};
    fill(&search);
    assert_null(search_rest_next(&search, search_find(&search, 3), &rest, NULL));
    search_rest_free(&rest);
    search_free(&search);
}

int main(void) {
    return tests_run();
}
