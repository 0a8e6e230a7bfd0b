// catalog_read_test.c: lookup of uploads and attachments, one and many.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

struct seen {
    int64_t ids[10];
    size_t count, stop_after;
};

static bool see(void *context, const struct catalog_upload *upload) {
    struct seen *seen = context;
    seen->ids[seen->count++] = upload->id;
    assert_true(upload->process != 0);
    assert_int_equal(upload->start_ms, 1767323045000);
    assert_int_equal(upload->end_ms - upload->start_ms, 60000);
    assert_int_equal(upload->attachment_count, 1);
    assert_string_equal(upload->attachments[0].file, "0-a.pprof");
    assert_int_equal(upload->attachments[0].size_bytes, 1);
    return seen->count < seen->stop_after;
}

TEST_IN(store, select) {
    struct test_store *test = *state;
    struct catalog *catalog = store_catalog(test->store);
    struct selection selection;
    char text[200];
    size_t left_out;
    for (int i = 0; i < 5; i++) {
        add_good(test, "x");
    }
    selection_init(&selection);
    struct seen seen = {.stop_after = 10};
    assert_int_equal(catalog_select(catalog, &selection, 3, see, &seen, &left_out), RECEIVER_OK);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.ids[0], 5);
    assert_int_equal(left_out, 2);
    seen = (struct seen){.stop_after = 2};
    assert_int_equal(catalog_select(catalog, &selection, 100, see, &seen, NULL), RECEIVER_OK);
    assert_int_equal(seen.count, 2);
    assert_true(catalog_matches(catalog, 3, NULL, &selection));
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    size_t count = 9;
    assert_int_equal(catalog_attachments(catalog, 2, attachments, &count), RECEIVER_OK);
    assert_int_equal(count, 1);
    assert_string_equal(attachments[0].name, "a.pprof");
    assert_int_equal(catalog_attachments(catalog, 99, attachments, &count), RECEIVER_OK);
    assert_int_equal(count, 0);
    assert_true(selection_add(&selection, "service", "other", text, sizeof text));
    assert_false(catalog_matches(catalog, 3, NULL, &selection));
    assert_false(catalog_matches(catalog, 33, NULL, &selection));
    selection_free(&selection);
}

int main(void) {
    return tests_run();
}
