// searching.h: uploads in memory and selections, for the tests of searches.
#ifndef CMEMPROF_RECEIVER_TEST_SEARCHING_H
#define CMEMPROF_RECEIVER_TEST_SEARCHING_H

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"

#include "../search.h"

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

static inline void add_upload(struct search *search, int64_t id, int64_t start_ms, const char *service, const char *env, const char *tags) {
    struct search_new upload = {
        .id = id, .received_ms = start_ms, .start_ms = start_ms, .end_ms = start_ms + 1, .size_bytes = 10, .tags = tags};
    upload.facets[FACET_SERVICE] = service;
    upload.facets[FACET_ENV] = env;
    assert_true(search_add(search, &upload));
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

static inline char *filled_tags_of(void *context, int64_t id) {
    ++*(int *)context;
    return strdup(filled_tags[id]);
}

// The same, with no tag in memory. *reads counts how often tags are read.
enum { FULL_BYTES = 1 << 30 };
static inline void fill_without_tags(struct search *search, int *reads) {
    *search = (struct search){.tags_of = filled_tags_of, .tags_context = reads};
    search->strings.bytes = FULL_BYTES;
    *reads = 0;
    add_five(search);
}

#endif
