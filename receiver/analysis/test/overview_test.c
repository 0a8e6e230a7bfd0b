// overview_test.c: all uploads of a selection, from memory.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../overview.h"

TEST_IN(store, selection) {
    struct test_store *test = *state;
    struct overview overview;
    struct selection selection;
    char text[200];
    upload_bytes(test, "one", 1, "a.pprof", "x", 1);
    int64_t second = upload_bytes(test, "two", 2, "a.pprof", "x", 1);
    upload_bytes(test, "one", 3, "a.pprof", "x", 1);
    selection_init(&selection);
    assert_int_equal(overview_read(store_catalog(test->store), &selection, &overview), RECEIVER_OK);
    assert_int_equal(overview.count, 3);
    const struct overview_upload *uploads = overview.uploads;
    assert_true(uploads[1].id == second && uploads[0].process == uploads[2].process && uploads[0].process != uploads[1].process);
    assert_true(uploads[1].end_ms - uploads[1].start_ms == 60000 && uploads[1].start_ms - uploads[0].start_ms == 60000);
    assert_string_equal(overview_text(&overview, uploads[1].host), "two");
    assert_true(uploads[0].host == uploads[2].host && uploads[0].service == uploads[1].service);
    assert_string_equal(overview_text(&overview, uploads[0].service), "shop");
    assert_string_equal(overview_text(&overview, uploads[0].language), "go");
    assert_string_equal(overview_text(&overview, uploads[0].version), ""); // it has none
    assert_string_equal(overview_text(&overview, 999), "");
    overview_free(&overview);
    assert_true(selection_add(&selection, "host", "two", text, sizeof text));
    assert_int_equal(overview_read(store_catalog(test->store), &selection, &overview), RECEIVER_OK);
    assert_true(overview.count == 1 && overview.uploads[0].id == second && overview.left_out == 0);
    overview_free(&overview);
    selection_free(&selection);
}

int main(void) {
    return tests_run();
}
