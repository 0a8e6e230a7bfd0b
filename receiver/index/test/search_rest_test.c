// search_rest_test.c: what is known of tags is found by the upload, and what is not is said.

#include "../../../base/test/test.h"

#include "searching.h"

TEST(conditions) {
    struct search search;
    struct selection selection;
    struct search_rest rest;
    fill_without_tags(&search);
    assert_int_equal(search.rest_count, 4);
    select_by(&selection, "tag=region:a&tag=team:x&q=test -plain&to=400");
    read_rest(&search, &selection, filled_tags, &rest);
    static const struct {
        int64_t id;
        const char *holds;
    } known[] = {{3, "..t."}, {1, "rt.."}, {4, "r..."}, {7, NULL}, {9, NULL}, {5, NULL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const unsigned char *holds = search_rest_find(&rest, known[i].id);
        assert_int_equal(!!holds, !!known[i].holds);
        for (size_t j = 0; holds && j < 4; j++) {
            assert_int_equal(holds[j], known[i].holds[j] != '.');
        }
    }
    search_rest_free(&rest);
    assert_null(search_rest_find(&rest, 3));
    selection_free(&selection);
    for (int i = 0; i < 5; i++) {
        remove_oldest(&search);
    }
    assert_int_equal(search.rest_count, 0);
    search_free(&search);
}

TEST(written) {
    struct search_rest rest = {0};
    struct json json = {0};
    json_object_begin(&json);
    search_rest_write(&rest, &json);
    rest.not_looked_at = 7;
    search_rest_write(&rest, &json);
    json_object_end(&json);
    expect_json(&json, "{\"uploads_not_looked_at\":7}");
}

int main(void) {
    return tests_run();
}
