// catalog_tags_test.c: tags that are only in the database are found by searches, also after the index was opened again.

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"
#include "../../test/test_store.h"

#include "searching.h"

static void expect_found(struct catalog *catalog, const char *parameters, const char *piece) {
    struct selection selection;
    struct json json = {0};
    select_by(&selection, parameters);
    assert_int_equal(catalog_list(catalog, &selection, &(struct search_order){0}, NULL, 10, &json), RECEIVER_OK);
    expect_json(&json, piece);
    selection_free(&selection);
}

static void expect_all_found(struct catalog *catalog) {
    expect_found(catalog, "tag=k:1", "\"total\":1,");
    expect_found(catalog, "tag=k:199", "\"total\":1,");
    expect_found(catalog, "q=k:198", "\"total\":1,");
    expect_found(catalog, "tag=k:200", "\"total\":0,");
}

// More tags than an upload has in memory.
TEST_IN(store, found) {
    struct test_store *test = *state;
    char event[4000] = "{\"tags[]\":[\"service:shop\"", text[200];
    int64_t id;
    for (int i = 0; i < 200; i++) {
        sprintf(event + strlen(event), ",\"k:%d\"", i);
    }
    strcat(event, "]}");
    assert_int_equal(add(test, event, "x", &id, text), RECEIVER_OK);
    expect_all_found(store_catalog(test->store));
    reopen(test, 0);
    expect_all_found(store_catalog(test->store));
}

int main(void) {
    return tests_run();
}
