// search_query_test.c: which uploads match which selection.

#include "../../../base/test/test.h"

#include "searching.h"

static const char *const cases[][2] = {
    {"", "9 7 4 3 1 "},
    {"service=shop", "3 1 "},
    {"service=SHOP", ""},
    {"service=shop&service=cart", "7 4 3 1 "},
    {"service=shop&env=prod", "1 "},
    {"service=nobody", ""},
    {"service=", "9 "},
    {"env=", "9 7 "},
    {"env=&env=test", "9 7 3 "},
    {"tag=region:a", "4 1 "},
    {"tag=region:a&tag=region:b", "4 3 1 "},
    {"tag=region:a&tag=team:x", "1 "},
    {"tag=region:", ""},
    {"tag=team:x&service=cart", ""},
    {"q=HOP", "3 1 "},
    {"q=region:C", "7 "},
    {"q=plai", "7 "},
    {"q=zzz", ""},
    {"q=service:cart -plain", "4 "},
    {"q=shop region:", "3 1 "},
    {"q=-service:shop", "9 7 4 "},
    {"q=-region:* -env:prod", "9 "},
    {"q=service:*p team:x", "1 "},
    {"q=region:a region:b", ""},
    {"from=200&to=400", "4 3 "},
    {"from=500", "9 "},
    {"to=100", ""},
    {"from=1970-01-01T00:00:00.4Z", "9 7 "},
    {"ids=9,1,5", "9 1 "},
    {"ids=9,1,4&env=prod", "4 1 "},
};

TEST(selections) {
    struct search search, without_tags;
    fill(&search);
    fill_without_tags(&without_tags);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(expect_ids(&search, cases[i][0], filled_tags, cases[i][1]), 0);
        expect_ids(&without_tags, cases[i][0], filled_tags, cases[i][1]);
    }
    search_free(&search);
    search_free(&without_tags);
}

// The same for one upload at a time, whether or not its tags are in memory.
TEST(one_upload) {
    struct search search, without_tags;
    fill(&search);
    fill_without_tags(&without_tags);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selection selection;
        select_by(&selection, cases[i][0]);
        for (int64_t id = 1; id <= 9; id++) {
            char text[8];
            snprintf(text, sizeof text, "%d ", (int)id);
            bool expected = strstr(cases[i][1], text);
            char *tags = filled_tags[id] ? strdup(filled_tags[id]) : NULL;
            if (filled_tags[id] && (search_matches(&search, search_find(&search, id), &selection, NULL) != expected ||
                                    search_matches(&without_tags, search_find(&without_tags, id), &selection, tags) != expected)) {
                fail_msg("%s: %d", cases[i][0], (int)id);
            }
            free(tags);
        }
        selection_free(&selection);
    }
    search_free(&search);
    search_free(&without_tags);
}

// A search that no tag decides does not ask for them.
TEST(tags_are_read_when_needed) {
    static const struct {
        const char *parameters, *ids;
        size_t reads;
    } needs[] = {{"", "9 7 4 3 1 ", 0},
                 {"service=shop", "3 1 ", 0},
                 {"from=200&to=400", "4 3 ", 0},
                 {"q=shop", "3 1 ", 2},
                 {"tag=region:a&from=300", "4 ", 2},
                 {"service=shop&tag=region:a", "1 ", 2},
                 {"tag=region:a&tag=team:x&from=100&to=200", "1 ", 1},
                 {"from=500", "9 ", 0}};
    struct search search;
    fill_without_tags(&search);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        assert_int_equal(expect_ids(&search, needs[i].parameters, filled_tags, needs[i].ids), needs[i].reads);
    }
    search_free(&search);
}

// Keys of which one is the beginning of another are different ones, whether or not the tags are in memory.
TEST(keys_that_begin_alike) {
    static const char *const tags[] = {NULL, "ab:x,zz:1", "a:1,ab:x"};
    static const char *const alike[][2] = {
        {"tag=a:1&tag=ab:x", "2 "}, {"tag=ab:x", "2 1 "}, {"tag=a:x&tag=ab:x", ""}, {"tag=abc:&tag=ab:x", ""}};
    for (size_t i = 0; i < 2 * sizeof alike / sizeof *alike; i++) {
        struct search search = {.keeps_rest = true};
        search.strings.bytes = i % 2 ? FULL_BYTES : 0;
        for (int64_t id = 1; id <= 2; id++) {
            add_upload(&search, id, 100, "shop", "prod", tags[id]);
        }
        expect_ids(&search, alike[i / 2][0], tags, alike[i / 2][1]);
        search_free(&search);
    }
}

// What is not known of tags is counted where the answer depends on it, and of too many the newest are asked for.
TEST(not_looked_at) {
    static const struct {
        const char *parameters;
        size_t found, not_looked_at;
    } counts[] = {{"tag=k:1", 0, SEARCH_REST_MAX + 2}, {"q=-k:1", 0, SEARCH_REST_MAX + 2},
                  {"q=shop", SEARCH_REST_MAX + 2, 0},  {"q=-shop k:1", 0, 0},
                  {"tag=k:1&service=cart", 0, 0},      {"to=10&tag=k:1", 0, 9}};
    struct search search = {.keeps_rest = true};
    search.strings.bytes = FULL_BYTES;
    for (int64_t id = 1; id <= SEARCH_REST_MAX + 2; id++) {
        add_upload(&search, id, id, "shop", "prod", "k:1");
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct selection selection;
        struct search_query query;
        struct search_rest rest = {0};
        size_t found = 0, asked = counts[i].not_looked_at < SEARCH_REST_MAX ? counts[i].not_looked_at : SEARCH_REST_MAX;
        select_by(&selection, counts[i].parameters);
        assert_true(search_query_init(&query, &search, &selection, &rest));
        for (size_t row = search.begin; row < search.end; row++) {
            found += search_query_match(&query, row) == SEARCH_ALL_HOLD;
        }
        assert_int_equal(found, counts[i].found);
        assert_int_equal(rest.not_looked_at, counts[i].not_looked_at);
        assert_true(search_query_ask(&query));
        assert_int_equal(rest.count, asked);
        assert_true(!asked || rest.ids[asked - 1] == (counts[i].not_looked_at == 9 ? 9 : SEARCH_REST_MAX + 2));
        assert_int_equal(rest.not_looked_at, 0);
        search_query_free(&query);
        search_rest_free(&rest);
        selection_free(&selection);
    }
    search_free(&search);
}

int main(void) {
    return tests_run();
}
