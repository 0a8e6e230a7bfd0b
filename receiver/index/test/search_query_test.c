// search_query_test.c: which uploads match which selection.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_order.h"

TEST(selections) {
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
    struct search search;
    int reads;
    fill(&search);
    for (size_t k = 0; k < 2 * sizeof cases / sizeof *cases; k++) {
        size_t i = k % (sizeof cases / sizeof *cases);
        if (k == sizeof cases / sizeof *cases) { // once more, with no tag in memory
            search_free(&search);
            fill_without_tags(&search, &reads);
        }
        struct selection selection;
        struct text found = {0};
        int64_t *ids;
        size_t count, total;
        select_by(&selection, cases[i][0]);
        assert_true(search_select(&search, &selection, &(struct search_order){0}, NULL, 100, &ids, &count, &total));
        text_add(&found, "%s", "");
        for (size_t j = 0; j < count; j++) {
            text_add(&found, "%d ", (int)ids[j]);
        }
        if (strcmp(found.bytes, cases[i][1]) != 0 || total != count) {
            fail_msg("%s: %s", cases[i][0], found.bytes);
        }
        free(found.bytes);
        free(ids);
        selection_free(&selection);
    }
    assert_in_range(reads, 1, 100);
    search_free(&search);
}

// A search that no tag decides does not read them, and one reads those of an upload once.
TEST(tags_are_read_when_needed) {
    static const struct {
        const char *parameters;
        int reads;
    } cases[] = {{"", 0},        {"service=shop", 0},          {"from=200&to=400", 0},
                 {"q=shop", 2},  {"tag=region:a&from=300", 2}, {"tag=region:a&tag=team:x&from=100&to=200", 1},
                 {"from=500", 0}};
    struct search search;
    int reads;
    fill_without_tags(&search, &reads);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selection selection;
        int64_t *ids;
        size_t count, total;
        reads = 0;
        select_by(&selection, cases[i].parameters);
        assert_true(search_select(&search, &selection, &(struct search_order){0}, NULL, 100, &ids, &count, &total));
        if (reads != cases[i].reads) {
            fail_msg("%s: %d", cases[i].parameters, reads);
        }
        free(ids);
        selection_free(&selection);
    }
    search_free(&search);
}

// Keys of which one is the beginning of another are different ones, whether or not the tags are in memory.
static char *tags_of_two(void *context, int64_t id) {
    (void)context;
    return strdup(id == 1 ? "ab:x,zz:1" : "a:1,ab:x");
}

TEST(keys_that_begin_alike) {
    static const char *const cases[][2] = {
        {"tag=a:1&tag=ab:x", "2 "}, {"tag=ab:x", "2 1 "}, {"tag=a:x&tag=ab:x", ""}, {"tag=abc:&tag=ab:x", ""}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const char *const *one = cases[i / 2];
        struct search search = {.tags_of = tags_of_two};
        search.strings.bytes = i % 2 ? FULL_BYTES : 0;
        for (int64_t id = 1; id <= 2; id++) {
            char *tags = tags_of_two(NULL, id);
            add_upload(&search, id, 100, "shop", "prod", tags);
            free(tags);
        }
        struct selection selection;
        struct text found = {0};
        int64_t *ids;
        size_t count, total;
        select_by(&selection, one[0]);
        assert_true(search_select(&search, &selection, &(struct search_order){0}, NULL, 100, &ids, &count, &total));
        text_add(&found, "%s", "");
        for (size_t j = 0; j < count; j++) {
            text_add(&found, "%d ", (int)ids[j]);
        }
        if (strcmp(found.bytes, one[1]) != 0) {
            fail_msg("%s: %s", one[0], found.bytes);
        }
        free(found.bytes);
        free(ids);
        selection_free(&selection);
        search_free(&search);
    }
}

int main(void) {
    return tests_run();
}
