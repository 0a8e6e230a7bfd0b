// searching.h: uploads in memory and selections, for the tests of searches.
#ifndef CMEMPROF_RECEIVER_TEST_SEARCHING_H
#define CMEMPROF_RECEIVER_TEST_SEARCHING_H

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"

#include "../search_order.h"
#include "../search_query.h"

// A parameter with its value, "service=shop".
static inline void select_by(struct selection *selection, const char *parameters) {
    char *copy = strdup(parameters), text[200] = "";
    selection_init(selection);
    for (char *rest = copy, *one; (one = strsep(&rest, "&"));) {
        char *value = strchr(one, '=');
        if (value) {
            *value = '\0';
            if (!selection_add(selection, one, value + 1, text, sizeof text)) {
                fail_msg("%s", text);
            }
        }
    }
    free(copy);
}

static inline void add_with_files(struct search *search, int64_t id, int64_t start_ms, const char *service, const char *env,
                                  const char *tags, const char *files) {
    struct search_new upload = {
        .id = id, .received_ms = start_ms, .start_ms = start_ms, .end_ms = start_ms + 1, .size_bytes = 10, .tags = tags, .files = files};
    upload.facets[FACET_SERVICE] = service;
    upload.facets[FACET_ENV] = env;
    assert_true(search_add(search, &upload));
}

static inline void add_upload(struct search *search, int64_t id, int64_t start_ms, const char *service, const char *env, const char *tags) {
    add_with_files(search, id, start_ms, service, env, tags, NULL);
}

static inline void remove_oldest(struct search *search) {
    int64_t id = search->begin < search->end ? search_at(search, SEARCH_ID, search->begin) : 0;
    assert_true(search_remove(search, &id, 1));
}

static inline struct search_row row_of(const struct search *search, int64_t id) {
    size_t row = search_find(search, id);
    assert_true(row != SEARCH_NOWHERE);
    return search_row_at(search, row);
}

static const char *const filled_tags[10] = {[1] = "service:shop,env:prod,region:a,team:x",
                                            [3] = "service:shop,env:test,region:b,,region:b",
                                            [4] = "service:cart,env:prod,region:a",
                                            [7] = "service:cart,plain,region:c",
                                            [9] = ""};

static inline void add_five(struct search *search) {
    add_upload(search, 1, 100, "shop", "prod", filled_tags[1]);
    add_upload(search, 3, 200, "shop", "test", filled_tags[3]);
    add_upload(search, 4, 300, "cart", "prod", filled_tags[4]);
    add_upload(search, 7, 400, "cart", NULL, filled_tags[7]);
    add_upload(search, 9, 500, NULL, NULL, filled_tags[9]);
}

// Five uploads for many queries.
static inline void fill(struct search *search) {
    *search = (struct search){0};
    add_five(search);
}

// The same, with no tag in memory.
enum { FULL_BYTES = 1 << 30 };
static inline void fill_without_tags(struct search *search) {
    *search = (struct search){.keeps_rest = true};
    search->strings.bytes = FULL_BYTES;
    add_five(search);
}

// What the catalog reads before a search, from tags by id.
static inline void read_rest(const struct search *search, const struct selection *selection, const char *const *tags,
                             struct search_rest *rest) {
    struct search_query query;
    *rest = (struct search_rest){0};
    assert_true(search_query_init(&query, search, selection, rest));
    assert_true(search_query_ask(&query));
    for (size_t i = 0; i < rest->count; i++) {
        char *copy = strdup(tags[rest->ids[i]]);
        search_query_judge(&query, copy, rest->holds + i * rest->width);
        free(copy);
    }
    search_query_free(&query);
}

// Compares the ids that are found, "9 7 ". Returns how many tags were read for it.
static inline size_t expect_ids(const struct search *search, const char *parameters, const char *const *tags, const char *expected) {
    struct selection selection;
    struct text found = {0};
    struct search_rest rest;
    int64_t *ids;
    size_t count, total;
    select_by(&selection, parameters);
    read_rest(search, &selection, tags, &rest);
    assert_true(search_select(search, &selection, &rest, &(struct search_order){0}, NULL, 100, &ids, &count, &total));
    text_add(&found, "%s", "");
    for (size_t i = 0; i < count; i++) {
        text_add(&found, "%d ", (int)ids[i]);
    }
    if (strcmp(found.bytes, expected) != 0 || total != count || rest.not_looked_at != 0) {
        fail_msg("%s: %s", parameters, found.bytes);
    }
    size_t reads = rest.count;
    free(found.bytes);
    free(ids);
    search_rest_free(&rest);
    selection_free(&selection);
    return reads;
}

#endif
