// catalog_tags_test.c: tags that are only in the database are found by searches, also after the index was opened again.

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"
#include "../../test/test_store.h"

#include "../catalog.h"
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

// A catalog of one upload with 200 tags, k:0 to k:199.
static struct catalog *open_with_tags(const char *path) {
    struct catalog *catalog;
    struct catalog_new upload = {.id = 1, .received_ms = 1, .size_bytes = 1};
    char tags[4000] = "service:shop", text[200];
    bool newer;
    for (int i = 0; i < 200; i++) {
        sprintf(tags + strlen(tags), ",k:%d", i);
    }
    upload.event.tags = tags;
    assert_int_equal(catalog_open(path, true, &newer, &catalog, text, sizeof text), RECEIVER_OK);
    assert_int_equal(catalog_begin(catalog), RECEIVER_OK);
    assert_int_equal(catalog_insert(catalog, &upload), RECEIVER_OK);
    assert_int_equal(catalog_end(catalog, true), RECEIVER_OK);
    assert_int_equal(catalog_load(catalog), RECEIVER_OK);
    return catalog;
}

static void expect_counts(struct catalog *catalog, const char *parameters, enum receiver_error error, const char *piece) {
    struct selection selection;
    struct json json = {0};
    struct search_buckets wanted = {1, 0, -1, -1, NULL};
    select_by(&selection, parameters);
    assert_int_equal(catalog_histogram(catalog, &selection, &wanted, &json), error);
    if (error == RECEIVER_OK) {
        expect_json(&json, piece);
    }
    json_free(&json);
    selection_free(&selection);
}

static void count_damage(void *count) {
    ++*(int *)count;
}

// While the index is shut, a search that needs such tags fails, and does not pass for one of an upload without tags.
TEST_IN(store, index_is_shut) {
    struct test_store *test = *state;
    char paths[2][FOLDER_BYTES + 20], *tags;
    int damages = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%d.sqlite", test->directory, i);
    }
    struct catalog *catalog = open_with_tags(paths[0]), *fresh = open_with_tags(paths[1]);
    catalog_on_damage(catalog, count_damage, &damages);
    catalog_shut(catalog);
    expect_counts(catalog, "tag=k:1", RECEIVER_OK, "\"counts\":[1]");
    expect_counts(catalog, "tag=k:199", RECEIVER_BAD_INDEX, NULL);
    expect_counts(catalog, "q=-k:199", RECEIVER_BAD_INDEX, NULL);
    assert_int_equal(catalog_tags(catalog, 1, &tags), RECEIVER_BAD_INDEX);
    assert_int_equal(damages, 3);
    catalog_take(catalog, fresh);
    expect_counts(catalog, "tag=k:199", RECEIVER_OK, "\"counts\":[1]");
    expect_counts(catalog, "q=-k:199", RECEIVER_OK, "\"counts\":[0]");
    assert_int_equal(catalog_tags(catalog, 1, &tags), RECEIVER_OK);
    assert_non_null(strstr(tags, ",k:199"));
    free(tags);
    assert_int_equal(catalog_tags(catalog, 2, &tags), RECEIVER_NOT_FOUND);
    catalog_close(catalog);
}

int main(void) {
    return tests_run();
}
