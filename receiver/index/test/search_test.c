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
        remove_oldest(&search);
        add_upload(&search, 10 + round, 600, "shop", "prod", "service:shop,env:prod");
    }
    assert_int_equal(search.end - search.begin, 5);
    assert_true(search.columns[SEARCH_ID].count <= 2 && search.strings.end <= strings && search.sets.end <= 6); // freed ones are reused
    assert_null(string_pool_text(&search.strings, string_pool_find(&search.strings, "region:a", 8)));
    for (int i = 0; i < 6; i++) {
        remove_oldest(&search);
    }
    assert_int_equal(search.begin, search.end);
    assert_int_equal(search.size_bytes, 0);
    search_free(&search);
}

static void expect_row(const struct search *search, int64_t id) {
    char service[20];
    snprintf(service, sizeof service, "s%d", (int)(id % 7));
    struct search_row row = row_of(search, id);
    assert_int_equal(row.start_ms, 1000 * id);
    assert_int_equal(row.received_ms, 1000 * id);
    assert_int_equal(row.size_bytes, 10);
    assert_string_equal(string_pool_text(&search->strings, row.set->facets[FACET_SERVICE]), service);
    assert_true(id % 3 ? isnan(row.measures.values[2]) : row.measures.values[2] == (double)id / 8);
}

// Whatever goes from whichever place, what is left is as it was; compared with a list.
TEST(remove_any) {
    enum { MOST = 6000 };
    static bool there[MOST];
    struct search search = {.keeps_rest = true};
    uint64_t random = 88172645463325252U;
    int64_t next = 1;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 97 && next < MOST; i++, next++) {
            char service[20];
            struct measures measures = {{NAN, NAN, (double)next / 8, NAN, NAN, NAN}};
            snprintf(service, sizeof service, "s%d", (int)(next % 7));
            add_upload(&search, next, 1000 * next, service, NULL, "team:x");
            if (next % 3 == 0) {
                search_measured(&search, next, &measures);
            }
            there[next] = true;
        }
        int64_t ids[5] = {0};
        size_t count = 0;
        // Near the front, in the middle, at the end, and some that are not there.
        int64_t from = round % 3 == 0 ? 1 : round % 3 == 1 ? next / 2 : next - 40;
        for (int64_t id = from; id < from + 60 && count < 5; id++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            if (random % 8 == 0) {
                ids[count++] = id;
            }
        }
        assert_true(search_remove(&search, ids, count));
        for (size_t i = 0; i < count; i++) {
            there[ids[i] < MOST ? ids[i] : 0] = false;
        }
        size_t left = 0;
        for (int64_t id = 1; id < next; id++) {
            assert_int_equal(search_find(&search, id) != SEARCH_NOWHERE, there[id]);
            left += there[id];
            if (there[id]) {
                expect_row(&search, id);
            }
        }
        assert_int_equal(search.end - search.begin, left);
        assert_int_equal(search.size_bytes, 10 * left);
    }
    while (search.begin < search.end) {
        int64_t last = search_at(&search, SEARCH_ID, search.end - 1);
        assert_true(search_remove(&search, &last, 1));
    }
    assert_int_equal(search.strings.bytes + search.sets.bytes, 0);
    search_free(&search);
    memset(there, 0, sizeof there);
}

TEST(pinned) {
    struct search search;
    struct marks marks = {0};
    struct selection selection;
    struct search_order order;
    int64_t *ids;
    size_t count, total;
    fill(&search);
    assert_true(marks_set(&marks, 4, true, NULL) && marks_set(&marks, 7, false, "only a note") && marks_set(&marks, 99, true, NULL));
    search.marks = &marks;
    select_by(&selection, "pinned=1");
    assert_true(search_order_read("start", "asc", &order));
    assert_true(search_select(&search, &selection, &(struct search_rest){0}, &order, NULL, 9, &ids, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], 4);
    free(ids);
    selection_free(&selection);
    marks_free(&marks);
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
    remove_oldest(&search);
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
        remove_oldest(&search);
    }
    assert_int_equal(search.strings.bytes + search.sets.bytes, 0);
    search_free(&search);
}

int main(void) {
    return tests_run();
}
