// catalog_after_test.c: uploads one after the other, also where some were removed.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../../store/marked_uploads.h"
#include "../catalog_after.h"

TEST_IN(store, one_after_the_other) {
    struct test_store *test = *state;
    struct catalog *catalog = store_catalog(test->store);
    int64_t received_ms;
    char *tags;
    assert_int_equal(catalog_newest(catalog), 0);
    assert_int_equal(catalog_after(catalog, 0, &received_ms), 0);
    for (int i = 0; i < 5; i++) {
        add_good(test, "x");
    }
    const struct retention retention = {.received_before_ms = INT64_MAX, .now_ms = INT64_MAX, .size_bytes = UINT64_MAX};
    int64_t removed[2];
    assert_int_equal(catalog_remove_oldest(catalog, &retention, removed, 2), 2);
    assert_int_equal(catalog_newest(catalog), 5);
    assert_int_equal(catalog_last_id(catalog), 5);
    assert_int_equal(catalog_after(catalog, 0, &received_ms), 3);
    assert_true(received_ms > 0);
    assert_int_equal(catalog_after(catalog, 3, &received_ms), 4);
    assert_int_equal(catalog_after(catalog, 5, &received_ms), 0);
    assert_int_equal(received_ms, 0);
    assert_int_equal(catalog_count_after(catalog, 0), 3);
    assert_int_equal(catalog_count_after(catalog, 4), 1);
    assert_int_equal(catalog_count_after(catalog, 9), 0);
    assert_int_equal(catalog_all_tags(catalog, 4, &tags), RECEIVER_OK);
    assert_non_null(strstr(tags, "service:"));
    free(tags);
    assert_int_equal(catalog_all_tags(catalog, 1, &tags), RECEIVER_NOT_FOUND);
    assert_null(tags);
    char text[200];
    assert_int_equal(store_remove(test->store, 5, text, sizeof text), RECEIVER_OK);
    assert_int_equal(catalog_newest(catalog), 4);
    assert_int_equal(catalog_last_id(catalog), 5);
}

int main(void) {
    return tests_run();
}
