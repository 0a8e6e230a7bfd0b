// search_test.c: adding, removing and selecting uploads in memory.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_order.h"

#include <malloc.h>
#include <math.h>

TEST(add_and_remove) {
    struct search search;
    fill(&search);
    assert_int_equal(search.size_bytes, 50);
    assert_int_equal(search_at(&search, SEARCH_ID, search.begin), 1);
    assert_int_equal(row_of(&search, 7).start_ms, 400);
    assert_true(search_find(&search, 2) == SEARCH_NOWHERE);
    uint32_t strings = search.strings.end;
    for (int round = 0; round < 3000; round++) {
        search_remove_oldest(&search);
        add_upload(&search, 10 + round, 600, "shop", "prod", "service:shop,env:prod");
    }
    assert_int_equal(search.end - search.begin, 5);
    assert_true(search.columns[SEARCH_ID].count <= 2 && search.strings.end <= strings && search.sets.end <= 6); // freed ones are reused
    assert_null(string_pool_text(&search.strings, string_pool_find(&search.strings, "region:a", 8)));
    for (int i = 0; i < 6; i++) {
        search_remove_oldest(&search);
    }
    assert_int_equal(search.begin, search.end);
    assert_int_equal(search.size_bytes, 0);
    search_free(&search);
}

TEST(measures) {
    struct search search;
    fill(&search);
    struct measures measures = {{1, 2, 3, 4, 5, 6}};
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 9);
    search_measured(&search, 9, &measures);
    search_measured(&search, 2, &measures); // is removed
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 7);
    assert_true(isnan(row_of(&search, 7).measures.values[0]));
    assert_true(row_of(&search, 9).measures.values[5] == 6);
    search_measured(&search, 3, &measures); // in any order
    search_measured(&search, 4, &measures);
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 7);
    search_measured(&search, 7, &measures);
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 1);
    add_upload(&search, 10, 600, "shop", "prod", "");
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 10);
    search_measured(&search, 10, &measures);
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 1);
    search_remove_oldest(&search);
    assert_int_equal(search_newest_without(&search, SEARCH_MEASURED), 0);
    search_free(&search);
}

TEST(limits) {
    struct search search;
    struct selection selection;
    int64_t *ids;
    size_t count, total;
    struct search_order newest = {0};
    struct search_rest rest = {0};
    fill(&search);
    struct search_cursor fourth = search_cursor_of(&search, &newest, search_find(&search, 4));
    select_by(&selection, "");
    assert_true(search_select(&search, &selection, &rest, &newest, NULL, 2, &ids, &count, &total));
    assert_int_equal(count, 2);
    assert_int_equal(total, 5);
    assert_int_equal(ids[0], 9);
    assert_int_equal(ids[1], 7);
    free(ids);
    assert_true(search_select(&search, &selection, &rest, &newest, &fourth, SIZE_MAX - 1, &ids, &count, &total));
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 3);
    free(ids);
    assert_true(search_matches(&search, search_find(&search, 3), &selection, NULL));
    size_t row = search_find(&search, 3);
    char text[200];
    const char *tag = string_pool_text(&search.strings, search_set_at(&search, row)->tags[0]);
    assert_true(selection_add(&selection, "q", tag, text, sizeof text));
    assert_true(search_matches(&search, row, &selection, NULL));
    assert_true(selection_add(&selection, "q", "in no tag", text, sizeof text));
    assert_false(search_matches(&search, row, &selection, NULL));
    selection_free(&selection);
    search_free(&search);
}

TEST(without_tags_in_memory) {
    struct search search, all;
    struct selection selection;
    fill(&all);
    fill_without_tags(&search);
    for (int64_t id = 1; id < 10; id++) {
        size_t row = search_find(&search, id);
        assert_true(row == search_find(&all, id));
        if (row != SEARCH_NOWHERE) {
            const struct tag_set *set = search_set_at(&search, row);
            assert_true(set->tag_count == 0 && set->has_rest == (id < 9));
            assert_true(search_process(&search, row) == search_process(&all, row));
        }
    }
    select_by(&selection, "q=TEAM");
    assert_true(search_matches(&search, search_find(&search, 1), &selection, NULL));
    assert_true(search_matches(&search, search_find(&search, 3), &selection, NULL)); // nobody knows
    char tags[] = "service:shop,region:b";
    assert_false(search_matches(&search, search_find(&search, 3), &selection, tags));
    selection_free(&selection);
    search_free(&all);
    search_free(&search);
}

// A thousand unique tags of 16 bytes an upload: each takes a kilobyte at most, beside what all have together; and the estimate is not lower
// than what was allocated.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
TEST(unique_tags_are_bounded) {
    enum { UPLOADS = 10000, TAGS = 1000 };
    struct search search = {.keeps_rest = true};
    struct mallinfo2 before = mallinfo2();
    char *tags = malloc(TAGS * 17);
    for (int upload = 0; upload < UPLOADS; upload++) {
        size_t size = 0;
        for (int tag = 0; tag < TAGS; tag++) {
            size += (size_t)sprintf(tags + size, "%sk:%07d%06d", tag ? "," : "", upload, tag);
        }
        add_upload(&search, upload + 1, upload, "shop", "prod", tags);
    }
    struct mallinfo2 after = mallinfo2();
    free(tags);
    size_t taken = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
    assert_true(row_of(&search, UPLOADS).set->has_rest);
    assert_in_range(taken, UPLOADS * 500, SEARCH_FREE_BYTES + UPLOADS * 1000);
    assert_in_range(search_bytes(&search), taken * 9 / 10, taken * 2);
    search_free(&search);
}
#endif

// Uploads of a process share a set, whatever their own number, which can be searched for all the same.
TEST(own_tags) {
    enum { UPLOADS = 3000 };
    struct search search = {.keeps_rest = true};
    char tags[100];
    for (int i = 1; i <= UPLOADS; i++) {
        snprintf(tags, sizeof tags, "service:shop,profile_seq:%d,region:a,profile_seq:0", i);
        add_upload(&search, i, i, "shop", "prod", tags);
    }
    assert_int_equal(search.sets.end, 1);
    assert_int_equal(search_set_at(&search, 0)->tag_count, 3); // of two such tags one is the upload's own
    const char *const none[UPLOADS + 1] = {0};
    expect_ids(&search, "tag=profile_seq:77", none, "77 ");
    expect_ids(&search, "tag=profile_seq:77&tag=region:b", none, "");
    expect_ids(&search, "q=profile_seq:78", none, "78 ");
    expect_ids(&search, "q=-profile_seq:* region:a", none, "");
    expect_ids(&search, "to=80&tag=profile_seq:77&tag=profile_seq:79", none, "79 77 ");
    for (int i = 0; i < UPLOADS; i++) {
        search_remove_oldest(&search);
    }
    assert_int_equal(search.strings.bytes + search.sets.bytes, 0);
    search_free(&search);
}

int main(void) {
    return tests_run();
}
